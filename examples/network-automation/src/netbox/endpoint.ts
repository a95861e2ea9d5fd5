import { NetworkError } from "../errors.js";

/**
 * The `endpoint` argument comes from a model, and the request made from it carries our token. So it is
 * parsed into known-shaped pieces and the URL is rebuilt from those pieces: nothing of the original
 * text survives that is not a lower-case name, a number or an action listed here.
 */
export interface Endpoint {
  /** Always relative, always ends in "/": NetBox redirects paths without the slash. */
  readonly path: string;
  readonly app: string;
  readonly model: string | undefined;
  readonly id: number | undefined;
}

/**
 * `users` is left out because it lists accounts and tokens, `plugins` because a plugin decides by itself
 * what its GET does.
 */
export const API_ROOTS = [
  "circuits",
  "core",
  "dcim",
  "extras",
  "ipam",
  "tenancy",
  "virtualization",
  "vpn",
  "wireless",
  "status",
] as const;

/** Sub-resources of one object that only read on GET. `render-config` and `sync` are not here: they act. */
const READ_ACTIONS: ReadonlySet<string> = new Set([
  "available-asns",
  "available-ips",
  "available-prefixes",
  "available-vlans",
  "elevation",
  "paths",
  "trace",
]);

/** The longest real endpoint is under 60 characters. */
const MAX_ENDPOINT_LENGTH = 120;
const NAME = /^[a-z][a-z0-9-]*$/;
/** NetBox keys are 64-bit, but no more digits than a JavaScript number holds exactly. */
const ID = /^[0-9]{1,15}$/;

const EXAMPLE = 'Give a path such as "dcim/devices" or "ipam/ip-addresses/12", and put filters in "params".';

export function parseEndpoint(raw: string): Endpoint {
  refuseTricks(raw);
  const segments = raw.replace(/^\//, "").replace(/\/$/, "").split("/");
  if (segments[0] === "api") segments.shift();
  const [app, model, id, action, ...rest] = segments;
  if (app === undefined || !isApiRoot(app)) {
    throw new NetworkError("refused", `"${app ?? ""}" is not a readable API root. Roots: ${API_ROOTS.join(", ")}.`);
  }
  if (rest.length > 0 || (model !== undefined && !NAME.test(model)) || (app === "status" && model !== undefined)) {
    throw new NetworkError("refused", `"${raw}" is not a NetBox endpoint. ${EXAMPLE}`);
  }
  if (id !== undefined && !ID.test(id)) {
    throw new NetworkError(
      "refused",
      `"${id}" is not an object id: ids are numbers. To find by name, filter in "params".`,
    );
  }
  if (action !== undefined && !READ_ACTIONS.has(action)) {
    throw new NetworkError(
      "refused",
      `"${action}" is not a readable sub-resource. Allowed: ${[...READ_ACTIONS].join(", ")}.`,
    );
  }
  const path = `${[app, model, id, action].filter((part) => part !== undefined).join("/")}/`;
  return { path, app, model, id: id === undefined ? undefined : Number(id) };
}

/** Only for better messages: whatever gets past here still has to match the patterns above. */
function refuseTricks(raw: string): void {
  if (raw.length > MAX_ENDPOINT_LENGTH) {
    throw new NetworkError("refused", `The endpoint is longer than ${MAX_ENDPOINT_LENGTH} characters. ${EXAMPLE}`);
  }
  if (raw.includes("://") || raw.startsWith("//")) {
    throw new NetworkError("refused", `The endpoint must not be a URL: the server address is configured. ${EXAMPLE}`);
  }
  if (/[?#&=]/.test(raw)) {
    throw new NetworkError("refused", `The endpoint must not contain a query string. ${EXAMPLE}`);
  }
  if (raw.includes("..") || /[%\\]/.test(raw)) {
    throw new NetworkError("refused", `The endpoint must not contain "..", "%" or backslashes. ${EXAMPLE}`);
  }
}

function isApiRoot(app: string): boolean {
  return (API_ROOTS as readonly string[]).includes(app);
}
