/** Options of every command that connects to a server. */
import { PROTOCOL_VERSIONS } from "../protocol/revisions/types.js";
import { usage } from "./errors.js";
import type { LoginOptions } from "./login.js";
import { canAsk } from "./question.js";
import type { OperandSpec, OptionSpec } from "./spec.js";

/** Long enough for a server that is started for this call and compiles TypeScript first. */
const CONNECT_TIMEOUT_MS = 15_000;
/** What the official clients wait for an answer. Progress starts it again. */
const REQUEST_TIMEOUT_MS = 60_000;

const CLIENT_TRANSPORTS = ["auto", "http", "sse"] as const;
export type ClientTransport = (typeof CLIENT_TRANSPORTS)[number];

export interface ConnectionOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly token: string | undefined;
  readonly transport: ClientTransport;
  /** `auto`, `legacy`, or a date. */
  readonly revision: string;
  readonly connectTimeoutMs: number;
  readonly timeoutMs: number;
  /** Undefined where no login is wanted, or another credential is given. */
  readonly login: LoginOptions | undefined;
}

export const TARGET: OperandSpec = {
  name: "[target]",
  doc: "A URL, or a file that exports a server. A server that a command starts over stdio comes after `--` instead.",
};

export const CONNECTION_OPTIONS: readonly OptionSpec[] = [
  { flags: "--header <line>", doc: 'A header of every request, e.g. "X-Tenant: acme"', many: true },
  {
    flags: "--token <token>",
    doc: "An access token; better in the variable, which process lists do not show",
    env: "MCP_TOKEN",
  },
  { flags: "--no-login", doc: "Do not log in where a server asks for it, and use no login of before" },
  {
    flags: "--client-id <id>",
    doc: "For the login: the client that is registered at the provider; else one is registered",
  },
  { flags: "--client-secret <secret>", doc: "Its secret, where it has one", env: "MCP_CLIENT_SECRET" },
  { flags: "--scope <scopes>", doc: "For the login: what to ask for, separated by spaces; else what the server names" },
  {
    flags: "--transport <name>",
    doc: "For URLs: http (Streamable HTTP), sse (HTTP+SSE), or what answers",
    choices: CLIENT_TRANSPORTS,
    default: "auto",
  },
  {
    flags: "--revision <revision>",
    doc: "The protocol revision to speak: the newest both sides have (auto), the newest with `initialize` (legacy), or a date",
    choices: ["auto", "legacy", ...PROTOCOL_VERSIONS],
    default: "auto",
  },
  {
    flags: "--connect-timeout <time>",
    doc: "How long the server may take to start and answer, e.g. 500ms, 30s, 2m",
    default: "15s",
  },
  { flags: "--timeout <time>", doc: "How long an answer may take; progress starts it again", default: "60s" },
];

export function connectionOptionsOf(
  options: Readonly<Record<string, unknown>>,
  env: NodeJS.ProcessEnv = process.env,
): ConnectionOptions {
  const token = textOf(options.token) ?? textOf(env.MCP_TOKEN);
  const headers = headersOf((options.header as readonly string[] | undefined) ?? []);
  const hasCredential = token !== undefined || headers.authorization !== undefined;
  return {
    headers,
    token,
    login: options.login === false || hasCredential ? undefined : loginOptionsOf(options, env),
    transport: (options.transport as ClientTransport | undefined) ?? "auto",
    revision: textOf(options.revision) ?? "auto",
    connectTimeoutMs: durationOf(options.connectTimeout, "--connect-timeout") ?? CONNECT_TIMEOUT_MS,
    timeoutMs: durationOf(options.timeout, "--timeout") ?? REQUEST_TIMEOUT_MS,
  };
}

function loginOptionsOf(options: Readonly<Record<string, unknown>>, env: NodeJS.ProcessEnv): LoginOptions {
  return {
    mayAsk: options.input !== false && canAsk(),
    clientId: textOf(options.clientId),
    clientSecret: textOf(options.clientSecret) ?? textOf(env.MCP_CLIENT_SECRET),
    scope: textOf(options.scope),
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Lines such as `X-Tenant: acme`, by lower-case name. */
export function headersOf(lines: readonly string[]): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+)\s*:\s*([\t\x20-\x7E\x80-\xFF]*)$/.exec(line.trim()) ?? [];
    // The line is not repeated: it may hold a credential.
    if (name === undefined || value === undefined)
      throw usage("--header needs `Name: value`.", 'For example: --header "X-Tenant: acme"');
    headers[name.toLowerCase()] = value;
  }
  return headers;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
/** What a timer of Node can hold. */
const MAX_TIMER_MS = 2_147_483_647;

function durationOf(value: unknown, flag: string): number | undefined {
  if (value === undefined) return undefined;
  const [, number, unit = "s"] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(String(value).trim()) ?? [];
  const ms = Number(number) * (UNITS[unit] ?? Number.NaN);
  if (ms > 0 && ms <= MAX_TIMER_MS) return ms;
  throw usage(
    `${flag}: ${JSON.stringify(value)} is no time.`,
    "Give a number with a unit: 500ms, 30s, 2m. Without a unit it is seconds.",
  );
}
