import { isIP } from "node:net";
import { HoldfastError } from "../errors.js";
import type { Definition } from "../server/definition.js";
import { hideFromLogs } from "../util/redact.js";
import type { ListeningServer } from "./node-server.js";
import type { ResolvedRunOptions } from "./run-options.js";
import { stdioPrincipal } from "./stdio-principal.js";

/** A server that is being served. */
export interface RunHandle {
  /** True from the start until shutdown begins; `/ready` says the same. */
  readonly ready: boolean;
  /** The MCP endpoint (or the SSE endpoint when HTTP+SSE alone is served); undefined on stdio alone. */
  readonly url: string | undefined;
  /** Stops at once: calls in flight are told, streams end. */
  close(): Promise<void>;
  /** Stops gently: refuses new work, lets calls in flight end for at most `graceMs`, then closes. */
  shutdown(options?: { readonly graceMs?: number }): Promise<void>;
}

/** What one transport gives to the handle. */
interface Served {
  readonly url?: string;
  /** Accept nothing new. */
  stop(): void;
  /** Let go of everything that is left. */
  close(): Promise<void>;
}

/** Serves a definition on its transports; resolves when all of them are ready. */
export async function run(definition: Definition, options: ResolvedRunOptions): Promise<RunHandle> {
  // Mistakes in schemas and the like show now and not at the first request.
  void definition.catalogue;
  // A definition that was served and stopped can be served again.
  definition.draining = false;
  hideFromLogs(options.token);
  definition.store.open?.();
  const served: Served[] = [];
  const state = { stopping: undefined as Promise<void> | undefined };
  // First, so that a port that is taken keeps the server from being half started.
  const endTelemetry = await definition.startTelemetry();
  const shutdown = (graceMs: number): Promise<void> => {
    // Closing while calls still have time ends them now.
    if (state.stopping !== undefined && graceMs === 0) definition.cancelAll();
    // Telemetry last: the ends of sessions are told, too.
    state.stopping ??= stop(definition, served, graceMs).finally(endTelemetry);
    return state.stopping;
  };
  if (options.transports.some((transport) => transport !== "stdio")) {
    served.push(
      await serveHttp(definition, options).catch(async (error: unknown) => {
        await endTelemetry();
        throw error;
      }),
    );
  }
  if (options.transports.includes("stdio")) {
    const { serveStdio } = await import("../transports/stdio/serve.js");
    const principal = await stdioPrincipal(definition, options);
    const end = () => void shutdown(options.graceMs).finally(() => process.exit(0));
    served.push(serveStdio(definition, { onEnd: end, principal }));
  } else await giveStdoutBack();
  if (options.signals) served.push(onSignals(definition, () => shutdown(options.graceMs)));
  return {
    get ready() {
      return !definition.draining;
    },
    url: served.find((one) => one.url !== undefined)?.url,
    close: () => shutdown(0),
    shutdown: ({ graceMs = options.graceMs } = {}) => shutdown(graceMs),
  };
}

/** The early guard may stand although no transport needs stdout; then the program has it back. */
async function giveStdoutBack(): Promise<void> {
  const { GUARD_SLOT } = await import("../transports/stdio/guard-slot.js");
  if (!(GUARD_SLOT in globalThis)) return;
  const { installedGuard } = await import("../transports/stdio/guard.js");
  installedGuard()?.restore();
}

async function stop(definition: Definition, served: readonly Served[], graceMs: number): Promise<void> {
  definition.draining = true;
  for (const one of served) one.stop();
  await definition.drain(graceMs);
  await Promise.all(served.map((one) => one.close()));
  await definition.audit?.flush();
  if (definition.options.ownsStore) await definition.store.close?.();
}

async function serveHttp(definition: Definition, options: ResolvedRunOptions): Promise<Served> {
  const { host, port, path, transports } = options;
  assertMayListen(definition, options);
  const { createHttpTransport } = await import("./http-transport.js");
  const { listen } = await import("./node-server.js");
  const mcpPath = transports.includes("http") ? path : undefined;
  const transport = createHttpTransport(definition, { mcpPath, bindHost: host });
  const listening = await listen(transport, { host, port, limits: definition.limits });
  const base = `http://${isIP(listening.host) === 6 ? `[${listening.host}]` : listening.host}:${listening.port}`;
  definition.logger.log("info", "listening", { url: `${base}${mcpPath ?? "/sse"}` });
  return {
    url: `${base}${mcpPath ?? "/sse"}`,
    stop: () => listening.server.closeIdleConnections(),
    close: () => closeServer(listening, () => transport.close()),
  };
}

async function closeServer({ server }: ListeningServer, endStreams: () => void): Promise<void> {
  endStreams();
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    // Answers that were just written go out first; keep-alive connections have nothing to wait for.
    setImmediate(() => {
      server.closeIdleConnections();
      setTimeout(() => server.closeAllConnections(), LINGER_MS).unref();
    });
  });
}

/** Time for the last bytes of answers to leave before connections are cut. */
const LINGER_MS = 250;
const LOOPBACK = new Set(["localhost", "127.0.0.1", "::1", "[::1]"]);

/** A server that asks nobody who they are stays on this machine unless its operator says otherwise. */
function assertMayListen(definition: Definition, options: ResolvedRunOptions): void {
  if (LOOPBACK.has(options.host) || /^127(\.\d{1,3}){3}$/.test(options.host)) return;
  if (definition.auth.authenticates || options.allowUnauthenticated) return;
  throw new HoldfastError(
    "ERR_PUBLIC_WITHOUT_AUTH",
    `Refusing to listen on ${options.host} without authentication: everybody who reaches the port could call every ` +
      "tool. Configure `auth`, listen on 127.0.0.1, or pass run({ allowUnauthenticated: true }) " +
      "(MCP_ALLOW_UNAUTHENTICATED=true) if something in front authenticates.",
  );
}

/** First signal: shut down gently, then exit. Second signal: exit. */
function onSignals(definition: Definition, shutdown: () => Promise<void>): Served {
  const signals = ["SIGTERM", "SIGINT"] as const;
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(1);
    stopping = true;
    definition.logger.log("info", "stopping", { signal, calls: definition.calls.size });
    void shutdown().finally(() => process.exit(0));
  };
  for (const signal of signals) process.on(signal, stop);
  return {
    stop: () => {},
    // A program that closed its server has its signals back; in the middle of a shutdown they still mean "exit now".
    close: async () => {
      if (!stopping) for (const signal of signals) process.off(signal, stop);
    },
  };
}
