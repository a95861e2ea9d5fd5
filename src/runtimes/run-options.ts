import { HoldfastError } from "../errors.js";

/** Transports of `run()`. `http` serves every revision on one port, HTTP+SSE included; `sse` HTTP+SSE alone. */
export const TRANSPORTS = ["stdio", "http", "sse"] as const;
/** A transport of `run()`. `http` serves every revision on one port, HTTP+SSE included; `sse` HTTP+SSE alone. */
export type Transport = (typeof TRANSPORTS)[number];

/** Options of `run()`. Each comes from the call, else from its environment variable, else from its default. */
export interface RunOptions {
  /** One transport or several at once. Default `stdio` (`MCP_TRANSPORT`, comma separated). */
  readonly transport?: Transport | readonly Transport[];
  /** Address to listen on. Default `127.0.0.1` (`MCP_HOST`). */
  readonly host?: string;
  /** Port to listen on; 0 takes a free one. Default `8000` (`MCP_PORT`). */
  readonly port?: number;
  /** Path of the MCP endpoint. Default `/mcp` (`MCP_PATH`). */
  readonly path?: string;
  /** Listen on a public address although nobody is asked who they are. Default `false` (`MCP_ALLOW_UNAUTHENTICATED`). */
  readonly allowUnauthenticated?: boolean;
  /** How long calls in flight may take to end on SIGTERM and SIGINT, in milliseconds. Default 10 s (`MCP_GRACE_MS`). */
  readonly graceMs?: number;
  /** Who the caller over stdio is. Default `process` (`MCP_SUBJECT`). */
  readonly subject?: string;
  /** What the caller over stdio may do. Default `["*"]`, everything (`MCP_PERMISSIONS`, separated by spaces or commas). */
  readonly permissions?: readonly string[];
  /**
   * An access token of the caller over stdio, which the server's `auth` turns into a principal, in place of `subject` and
   * `permissions` (`MCP_TOKEN`). Default: none.
   */
  readonly token?: string;
  /** Shut down on SIGTERM and SIGINT. Default `true` (`MCP_SIGNALS`). */
  readonly signals?: boolean;
}

/** `RunOptions` with nothing left open. */
export interface ResolvedRunOptions {
  readonly transports: readonly Transport[];
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly allowUnauthenticated: boolean;
  readonly graceMs: number;
  readonly signals: boolean;
  readonly subject: string;
  readonly permissions: readonly string[];
  readonly token: string;
}

interface OptionRow<T> {
  readonly env: string;
  readonly default: T;
  readonly doc: string;
  /** Checks and converts; gets text from the environment, or what was passed. Throws with a message that helps. */
  readonly parse: (value: unknown, from: string) => T;
}

/** The one table of run options: `run()`, the environment, the command line and the documentation read it. */
export const RUN_OPTIONS: {
  readonly transport: OptionRow<readonly Transport[]>;
  readonly host: OptionRow<string>;
  readonly port: OptionRow<number>;
  readonly path: OptionRow<string>;
  readonly allowUnauthenticated: OptionRow<boolean>;
  readonly graceMs: OptionRow<number>;
  readonly signals: OptionRow<boolean>;
  readonly subject: OptionRow<string>;
  readonly permissions: OptionRow<readonly string[]>;
  readonly token: OptionRow<string>;
} = {
  transport: {
    env: "MCP_TRANSPORT",
    default: ["stdio"],
    doc: "`stdio`, `http` (Streamable HTTP of every revision and HTTP+SSE), `sse` (HTTP+SSE alone), or several",
    parse: parseTransports,
  },
  host: { env: "MCP_HOST", default: "127.0.0.1", doc: "Address to listen on", parse: parseHost },
  port: { env: "MCP_PORT", default: 8000, doc: "Port to listen on; 0 takes a free one", parse: parsePort },
  path: { env: "MCP_PATH", default: "/mcp", doc: "Path of the MCP endpoint", parse: parsePath },
  allowUnauthenticated: {
    env: "MCP_ALLOW_UNAUTHENTICATED",
    default: false,
    doc: "Listen on a public address without authentication",
    parse: parseBoolean,
  },
  graceMs: {
    env: "MCP_GRACE_MS",
    default: 10_000,
    doc: "Milliseconds that calls in flight may take to end when the server stops",
    parse: parseGrace,
  },
  signals: { env: "MCP_SIGNALS", default: true, doc: "Shut down on SIGTERM and SIGINT", parse: parseBoolean },
  subject: { env: "MCP_SUBJECT", default: "process", doc: "Who the caller over stdio is", parse: parseText },
  permissions: {
    env: "MCP_PERMISSIONS",
    default: ["*"],
    doc: "What the caller over stdio may do, separated by spaces or commas",
    parse: parsePermissions,
  },
  token: {
    env: "MCP_TOKEN",
    default: "",
    doc: "An access token of the caller over stdio, in place of `subject` and `permissions`",
    parse: parseText,
  },
};

/** Option > environment > default. Throws `HoldfastError` for a value that cannot be used. */
export function resolveRunOptions(
  options: RunOptions = {},
  env: Readonly<Record<string, string | undefined>> = process.env,
): ResolvedRunOptions {
  for (const key of Object.keys(options)) {
    if (Object.hasOwn(RUN_OPTIONS, key)) continue;
    const known = Object.keys(RUN_OPTIONS).join(", ");
    throw new HoldfastError("ERR_CONFIG", `run(): unknown option ${JSON.stringify(key)}. Options: ${known}.`);
  }
  const read = <T>(name: keyof typeof RUN_OPTIONS, row: OptionRow<T>): T => {
    const given: unknown = options[name];
    if (given !== undefined) return row.parse(given, `run({ ${name} })`);
    const text = env[row.env];
    return text === undefined || text === "" ? row.default : row.parse(text, row.env);
  };
  return {
    transports: read("transport", RUN_OPTIONS.transport),
    host: read("host", RUN_OPTIONS.host),
    port: read("port", RUN_OPTIONS.port),
    path: read("path", RUN_OPTIONS.path),
    allowUnauthenticated: read("allowUnauthenticated", RUN_OPTIONS.allowUnauthenticated),
    graceMs: read("graceMs", RUN_OPTIONS.graceMs),
    signals: read("signals", RUN_OPTIONS.signals),
    subject: read("subject", RUN_OPTIONS.subject),
    permissions: read("permissions", RUN_OPTIONS.permissions),
    token: read("token", RUN_OPTIONS.token),
  };
}

function bad(from: string, value: unknown, wanted: string): HoldfastError {
  return new HoldfastError("ERR_CONFIG", `${from}: ${JSON.stringify(value)} is not usable; ${wanted}.`);
}

function parseTransports(value: unknown, from: string): readonly Transport[] {
  const names: readonly unknown[] =
    typeof value === "string" ? value.split(",") : Array.isArray(value) ? value : [value];
  const transports = names.map((name) => (typeof name === "string" ? name.trim().toLowerCase() : name));
  for (const name of transports) {
    if ((TRANSPORTS as readonly unknown[]).includes(name)) continue;
    const text = `${from}: unknown transport ${JSON.stringify(name)}. Transports: ${TRANSPORTS.join(", ")}.`;
    throw new HoldfastError("ERR_UNKNOWN_TRANSPORT", text);
  }
  if (transports.length === 0) throw bad(from, value, `name at least one of ${TRANSPORTS.join(", ")}`);
  return [...new Set(transports as Transport[])];
}

function parseHost(value: unknown, from: string): string {
  if (typeof value !== "string" || value.trim() === "") throw bad(from, value, "give a host name or address");
  // An IPv6 address may come as it stands in a URL.
  return value.trim().replace(/^\[(.*)\]$/, "$1");
}

function parsePort(value: unknown, from: string): number {
  const port = typeof value === "string" && /^\d+$/.test(value.trim()) ? Number(value) : value;
  if (typeof port === "number" && Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw bad(from, value, "give a port from 0 to 65535");
}

function parsePath(value: unknown, from: string): string {
  const path = typeof value === "string" ? value.trim() : "";
  if (!/^\/[A-Za-z0-9._~/-]*$/.test(path)) throw bad(from, value, "give a path that begins with /");
  const reserved = ["/health", "/ready", "/sse", "/messages"];
  if (reserved.includes(path)) throw bad(from, value, `${reserved.join(", ")} are taken`);
  return path;
}

function parseGrace(value: unknown, from: string): number {
  const ms = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof ms === "number" && Number.isFinite(ms) && ms >= 0) return ms;
  throw bad(from, value, "give a number of milliseconds");
}

function parseText(value: unknown, from: string): string {
  // What was passed may be a secret: it is not repeated.
  if (typeof value !== "string") throw new HoldfastError("ERR_CONFIG", `${from} is not usable; give a text.`);
  return value.trim();
}

function parsePermissions(value: unknown, from: string): readonly string[] {
  const names: unknown = typeof value === "string" ? value.split(/[\s,]+/).filter(Boolean) : value;
  if (Array.isArray(names) && names.every((name) => typeof name === "string")) return names;
  throw bad(from, value, "give permissions, e.g. orders:read");
}

function parseBoolean(value: unknown, from: string): boolean {
  if (typeof value === "boolean") return value;
  const text = String(value).trim().toLowerCase();
  if (["1", "true", "yes", "on"].includes(text)) return true;
  if (["0", "false", "no", "off"].includes(text)) return false;
  throw bad(from, value, "give true or false");
}
