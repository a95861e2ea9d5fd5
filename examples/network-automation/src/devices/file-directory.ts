import { readFileSync } from "node:fs";
import { z } from "zod";
import { messageOf, NetworkError } from "../errors.js";
import {
  DEFAULT_SSH_PORT,
  DEVICE_NAME,
  type DeviceDirectory,
  type DeviceSummary,
  type DeviceTarget,
  MAX_COMPLETIONS,
} from "./directory.js";

/** An inventory in one JSON file is for tens of devices; thousands belong in NetBox. */
const MAX_DEVICES = 2_000;

const deviceSchema = z.strictObject({
  name: z.string().regex(DEVICE_NAME),
  host: z.string().min(1).max(253),
  port: z.int().min(1).max(65_535).default(DEFAULT_SSH_PORT),
  role: z.string().default(""),
  site: z.string().default(""),
  platform: z.string().default(""),
  model: z.string().default(""),
});

const inventorySchema = z.strictObject({ devices: z.array(deviceSchema).min(1).max(MAX_DEVICES) });

type InventoryDevice = z.infer<typeof deviceSchema>;

/** `DEVICES_FILE`: the inventory of somebody without NetBox. Read once, at start. */
export class FileDirectory implements DeviceDirectory {
  readonly #devices: ReadonlyMap<string, InventoryDevice>;

  constructor(devices: readonly InventoryDevice[]) {
    this.#devices = new Map(devices.map((device) => [device.name, device]));
  }

  static read(path: string): FileDirectory {
    let json: unknown;
    try {
      json = JSON.parse(readFileSync(path, "utf8"));
    } catch (cause) {
      throw new TypeError(`DEVICES_FILE ${path} could not be read as JSON: ${messageOf(cause)}`, { cause });
    }
    const parsed = inventorySchema.safeParse(json);
    if (parsed.success) return new FileDirectory(parsed.data.devices);
    const example = '{"devices": [{"name": "sw1", "host": "10.0.0.2", "port": 22}]}';
    throw new TypeError(
      `DEVICES_FILE ${path} is not an inventory: ${z.prettifyError(parsed.error)}\nExpected: ${example}`,
    );
  }

  async find(name: string): Promise<DeviceTarget> {
    const { host, port } = this.#device(name);
    return { name, host, port };
  }

  async describe(name: string): Promise<DeviceSummary> {
    return summaryOf(this.#device(name));
  }

  async list(): Promise<DeviceSummary[]> {
    return [...this.#devices.values()].map(summaryOf);
  }

  async names(prefix: string): Promise<string[]> {
    const wanted = prefix.toLowerCase();
    return [...this.#devices.keys()].filter((name) => name.toLowerCase().startsWith(wanted)).slice(0, MAX_COMPLETIONS);
  }

  #device(name: string): InventoryDevice {
    const device = this.#devices.get(name);
    if (device !== undefined) return device;
    const some = [...this.#devices.keys()].slice(0, 10).join(", ");
    throw new NetworkError(
      "not_found",
      `There is no device named "${name.slice(0, 64)}" in the inventory. Some that exist: ${some}.`,
    );
  }
}

function summaryOf({ host, port: _port, ...rest }: InventoryDevice): DeviceSummary {
  return { ...rest, status: "active", address: host };
}
