import type { Client, ClientCapabilities, Transport, VersionNegotiationMode } from "@modelcontextprotocol/client";
import { RUN_OPTIONS } from "../runtimes/run-options.js";
import { explain, loginFailed } from "./connect-errors.js";
import type { ConnectionOptions } from "./connection-options.js";
import { CliError } from "./errors.js";
import { BrowserLogin } from "./login.js";
import { loadSdk, type Sdk } from "./sdk.js";
import { fetchFor } from "./server-fetch.js";
import type { Target } from "./target.js";
import { harmless } from "./terminal.js";
import { packageVersion } from "./version.js";

const MODERN = "2026-07-28";
/** The last words of a server that does not start say why; a loud one's are cut. */
const STDERR_CHARACTERS = 4000;

export interface Connection {
  readonly client: Client;
  readonly sdk: Sdk;
  /** What was found to work. */
  readonly transport: "stdio" | "http" | "sse";
  readonly revision: string;
  close(): Promise<void>;
}

export interface ConnectExtras {
  readonly capabilities?: ClientCapabilities;
  /** Sets up what must be there before the first message, e.g. handlers of questions. */
  readonly prepare?: (client: Client) => void;
  /** What the server is told of who calls. */
  readonly name?: string;
}

/** Connects as the options say. @throws CliError that says what to do. */
export async function connect(
  target: Target,
  options: ConnectionOptions,
  extras: ConnectExtras = {},
): Promise<Connection> {
  const sdk = await loadSdk();
  const attempts: readonly Connection["transport"][] =
    target.kind !== "url" ? ["stdio"] : options.transport === "auto" ? guesses(target.url) : [options.transport];
  const login =
    target.kind === "url" && options.login ? await BrowserLogin.prepare(target.url, options.login) : undefined;
  let first: unknown;
  for (const kind of attempts) {
    const stderr: string[] = [];
    try {
      return await attempt({ sdk, target, options, extras, kind, stderr, login });
    } catch (error) {
      first ??= error;
      if (kind !== attempts.at(-1) && isOtherTransport(error)) continue;
      login?.close();
      // The other transport was a guess: what the likelier one said is what helps.
      throw explain(first, { target, options, stderr: stderr.join("") });
    }
  }
  throw new Error("no transport was tried");
}

/** The transport of the path's usual name first (2025-11-25, transports, backwards compatibility). */
function guesses(url: URL): readonly Connection["transport"][] {
  return /\/sse\/?$/.test(url.pathname) ? ["sse", "http"] : ["http", "sse"];
}

/** The statuses by which a server that has only the other transport answers. */
function isOtherTransport(error: unknown): boolean {
  const { code, data } = (error ?? {}) as { code?: unknown; data?: { status?: unknown } };
  const status = data?.status ?? code;
  return (
    [400, 404, 405, 406].includes(Number(status)) ||
    code === "CLIENT_HTTP_UNEXPECTED_CONTENT" ||
    code === "ERA_NEGOTIATION_FAILED"
  );
}

interface Attempt {
  readonly sdk: Sdk;
  readonly target: Target;
  readonly options: ConnectionOptions;
  readonly extras: ConnectExtras;
  readonly kind: Connection["transport"];
  readonly stderr: string[];
  readonly login: BrowserLogin | undefined;
}

async function attempt(given: Attempt): Promise<Connection> {
  const { sdk, options, extras, kind, login } = given;
  const transport = transportTo(given);
  const legacy = legacyVersion(options.revision);
  const client = new sdk.Client(
    { name: extras.name ?? "holdfast-cli", version: packageVersion() },
    {
      capabilities: extras.capabilities ?? {},
      versionNegotiation: { mode: modeOf(options.revision, kind), probe: { timeoutMs: options.connectTimeoutMs } },
      ...(legacy !== undefined && { supportedProtocolVersions: [legacy] }),
    },
  );
  extras.prepare?.(client);
  try {
    await client.connect(transport, { timeout: options.connectTimeoutMs });
  } catch (error) {
    await client.close().catch(() => undefined);
    await transport.close().catch(() => undefined);
    if (login?.wasTried !== true) throw error;
    const { label } = given.target;
    if (!login.isPending || !("finishAuth" in transport)) {
      throw error instanceof CliError ? error : loginFailed(label, error);
    }
    const remote = transport as InstanceType<Sdk["StreamableHTTPClientTransport"]>;
    const back = await login.finish();
    await remote.finishAuth(back).catch((cause: unknown) => Promise.reject(loginFailed(label, cause)));
    // With tokens, on a transport that has not failed.
    return attempt(given);
  }
  return {
    client,
    sdk,
    transport: kind,
    revision: client.getNegotiatedProtocolVersion() ?? "unknown",
    close: async () => {
      // A session that nobody will use again is ended and not left to its time limit.
      if (transport instanceof sdk.StreamableHTTPClientTransport)
        await transport.terminateSession().catch(() => undefined);
      await client.close();
      login?.close();
    },
  };
}

function modeOf(revision: string, kind: Connection["transport"]): VersionNegotiationMode {
  if (revision === MODERN) return { pin: MODERN };
  // HTTP+SSE is of the first revision: there is nothing to ask for.
  return revision === "auto" && kind !== "sse" ? "auto" : "legacy";
}

/** The one revision that `initialize` may offer and accept, or undefined for all of them. */
function legacyVersion(revision: string): string | undefined {
  return ["auto", "legacy", MODERN].includes(revision) ? undefined : revision;
}

function transportTo({ sdk, target, options, kind, stderr, login }: Attempt): Transport {
  if (target.kind === "url") {
    const headers = {
      ...options.headers,
      ...(options.token !== undefined && { authorization: `Bearer ${options.token}` }),
    };
    const fetch = fetchFor(target.url, headers);
    const http = { requestInit: { headers }, fetch, ...(login !== undefined && { authProvider: login }) };
    return kind === "sse"
      ? new sdk.SSEClientTransport(target.url, http)
      : new sdk.StreamableHTTPClientTransport(target.url, http);
  }
  // One start is enough for servers that are ours: a subclass is asked on its own pipe, not on that of a second process.
  const Stdio = target.kind === "file" ? class extends sdk.StdioClientTransport {} : sdk.StdioClientTransport;
  const transport = new Stdio({ ...startOf(target), env: environment(options), stderr: "pipe" });
  transport.stderr?.on("data", (chunk: Buffer) => {
    stderr.push(chunk.toString());
    while (stderr.length > 1 && stderr.reduce((sum, one) => sum + one.length, 0) > STDERR_CHARACTERS) stderr.shift();
    process.stderr.write(process.stderr.isTTY === true ? harmless(chunk.toString()) : chunk);
  });
  return transport;
}

function startOf(target: Exclude<Target, { readonly kind: "url" }>): { command: string; args: string[] } {
  if (target.kind === "command") return { command: target.command, args: [...target.args] };
  return { command: process.execPath, args: [process.argv[1] ?? "", "run", target.file] };
}

/** The caller's own environment, as if the command had been typed; it is spoken to over stdio whatever the shell says. */
function environment({ token }: ConnectionOptions): Record<string, string> {
  const entries = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return {
    ...Object.fromEntries(entries),
    [RUN_OPTIONS.transport.env]: "stdio",
    ...(token !== undefined && { [RUN_OPTIONS.token.env]: token }),
  };
}
