import { NetworkError } from "../errors.js";
import { MAX_LIMIT, type NetBoxClient, type NetBoxResult } from "../netbox/client.js";
import {
  DEFAULT_SSH_PORT,
  DEVICE_NAME,
  type DeviceDirectory,
  type DeviceSummary,
  type DeviceTarget,
  MAX_COMPLETIONS,
} from "./directory.js";

export interface NetBoxDirectoryOptions {
  /** Custom fields that override the port and the address, for devices behind NAT or a jump port. */
  readonly portField?: string;
  readonly hostField?: string;
}

const DEFAULT_PORT_FIELD = "ssh_port";
const DEFAULT_HOST_FIELD = "ssh_host";
/** Enough for a model to see how names are built, short enough to read. */
const SUGGESTIONS = 10;
/** More than this is not an inventory to read in one go; query_netbox filters it. */
const MAX_INVENTORY = 5_000;
/** Without config contexts and comments a device is a tenth of the size. */
const SUMMARY_FIELDS = "id,name,role,site,platform,device_type,status,primary_ip";

type Fields = Readonly<Record<string, unknown>>;

/** Devices as NetBox knows them: always asked afresh, so a changed address is used at once. */
export class NetBoxDirectory implements DeviceDirectory {
  readonly #netbox: NetBoxClient;
  readonly #portField: string;
  readonly #hostField: string;

  constructor(netbox: NetBoxClient, options: NetBoxDirectoryOptions = {}) {
    this.#netbox = netbox;
    this.#portField = options.portField ?? DEFAULT_PORT_FIELD;
    this.#hostField = options.hostField ?? DEFAULT_HOST_FIELD;
  }

  async find(name: string, signal?: AbortSignal): Promise<DeviceTarget> {
    const device = await this.#one(name, { exclude: "config_context" }, signal);
    const custom = fields(device.custom_fields);
    const host = text(custom[this.#hostField]) || bareAddress(fields(device.primary_ip).address);
    if (host === "") {
      const status = text(fields(device.status).value);
      throw new NetworkError(
        "not_found",
        `"${name}" (status ${status}) has no primary IP in NetBox, so it cannot be reached over SSH.`,
      );
    }
    return { name, host, port: toPort(custom[this.#portField], name) };
  }

  async describe(name: string, signal?: AbortSignal): Promise<DeviceSummary> {
    return summaryOf(await this.#one(name, { fields: SUMMARY_FIELDS }, signal));
  }

  async list(signal?: AbortSignal): Promise<DeviceSummary[]> {
    const devices: Fields[] = [];
    // One answer is bounded in bytes as well as in number, so a page may hold fewer than asked for.
    while (devices.length < MAX_INVENTORY) {
      const page = await this.#query({ fields: SUMMARY_FIELDS, offset: String(devices.length) }, MAX_LIMIT, signal);
      devices.push(...page.results);
      if (page.next_offset === undefined || page.returned === 0) break;
    }
    return devices.map(summaryOf);
  }

  async names(prefix: string, signal?: AbortSignal): Promise<string[]> {
    const filter: Record<string, string> = prefix === "" ? {} : { name__isw: prefix };
    const devices = await this.#devices({ ...filter, brief: "true" }, MAX_COMPLETIONS, signal);
    return devices.map((device) => text(device.name)).filter((name) => name !== "");
  }

  #query(params: Record<string, string>, limit: number, signal: AbortSignal | undefined): Promise<NetBoxResult> {
    const query = { endpoint: "dcim/devices", params, limit };
    return this.#netbox.query({ ...query, signal });
  }

  async #devices(params: Record<string, string>, limit: number, signal: AbortSignal | undefined): Promise<Fields[]> {
    return (await this.#query(params, limit, signal)).results;
  }

  async #one(name: string, extra: Record<string, string>, signal: AbortSignal | undefined): Promise<Fields> {
    const [device, second] = DEVICE_NAME.test(name) ? await this.#devices({ name, ...extra }, 2, signal) : [];
    if (device === undefined) throw await this.#unknown(name, signal);
    if (second === undefined) return device;
    throw new NetworkError(
      "invalid",
      `NetBox has several devices named "${name}" (in different sites). Rename them apart to reach one.`,
    );
  }

  async #unknown(name: string, signal: AbortSignal | undefined): Promise<NetworkError> {
    const some = (await this.#devices({ brief: "true" }, SUGGESTIONS, signal)).map((device) => text(device.name));
    const advice = `Some that exist: ${some.join(", ")}. Search with query_netbox dcim/devices {"name__ic": "…"}.`;
    return new NetworkError("not_found", `There is no device named "${name.slice(0, 64)}". ${advice}`);
  }
}

function summaryOf(device: Fields): DeviceSummary {
  return {
    name: text(device.name),
    role: text(fields(device.role).name),
    site: text(fields(device.site).name),
    platform: text(fields(device.platform).name),
    model: text(fields(device.device_type).model),
    status: text(fields(device.status).value),
    address: bareAddress(fields(device.primary_ip).address),
  };
}

function toPort(value: unknown, name: string): number {
  if (value === undefined || value === null || value === "") return DEFAULT_SSH_PORT;
  const port = Number(value);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new NetworkError(
    "upstream",
    `The SSH port of "${name}" in NetBox is not a port number. Correct the custom field.`,
  );
}

function bareAddress(value: unknown): string {
  return text(value).split("/", 1)[0] ?? "";
}

function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
