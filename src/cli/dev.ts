import { randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { DevLog } from "../dev/log.js";
import { DevProxy } from "../dev/proxy.js";
import { Traffic } from "../dev/traffic.js";
import { Upstream } from "../dev/upstream.js";
import { type ResolvedRunOptions, resolveRunOptions } from "../runtimes/run-options.js";
import { DevChild } from "./dev-child.js";
import { listenForKeys } from "./dev-keys.js";
import { openInBrowser } from "./dev-open.js";
import { createPage, type Page } from "./dev-page.js";
import { type Announced, type DevPrinter, JsonPrinter } from "./dev-print.js";
import { PrettyPrinter } from "./dev-print-pretty.js";
import { CliError, EXIT, usage } from "./errors.js";
import { Supervisor } from "./reload.js";
import { runOptionsOf } from "./run-flags.js";
import { serverFile } from "./server-file.js";
import type { Action } from "./spec.js";

/** Longer than clients keep idle connections, so that they close first. */
const KEEP_ALIVE_MS = 75_000;
/** Sessions are sealed with it; as long as `holdfast keys seal` makes them. */
const SECRET_BYTES = 32;

export const dev: Action = async ({ operands, options, rest = [] }) => {
  const name = operands[0] ?? "";
  const file = serverFile(name);
  const flags = resolveRunOptions(runOptionsOf({ ...options, token: undefined }));
  // The same for every server of this run, so that sessions survive its restarts.
  process.env.MCP_SECRET ||= randomBytes(SECRET_BYTES).toString("base64url");
  const upstream = new Upstream();
  const log = new DevLog();
  const traffic = new Traffic(log);
  const proxy = new DevProxy({ upstream, traffic });
  const listener = await listen(
    createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0 }, proxy.handle),
    flags,
  );
  const url = new URL(`http://${urlHost(flags.host)}:${(listener.address() as AddressInfo).port}${flags.path}`);
  const page = options.page === false ? undefined : await createPage({ url, log, upstream, options, restart });
  const announced: Announced = { file: name, url: url.href, page: page?.url };
  const verbose = options.verbose === true;
  const printer: DevPrinter =
    options.json === true ? new JsonPrinter({ verbose, announced }) : new PrettyPrinter({ verbose, announced });
  log.onEvent((event) => printer.log(event));
  upstream.onChange((state) => printer.state(state));
  const child = new DevChild({ upstream, traffic, proxy, printer });
  const args = [...childFlags(flags, options), ...(rest.length === 0 ? [] : ["--", ...rest])];
  const supervisor = new Supervisor({
    graceMs: flags.graceMs,
    start: () => child.start(["run", file, ...args]),
    say: (text) => printer.say(text),
    ready: (where) => child.ready(where),
    ending: () => child.ending(),
    ended: (code, wanted) => child.ended(code, wanted),
  });
  function restart(): void {
    supervisor.restart();
  }
  const quit = (signal: NodeJS.Signals) => supervisor.stop(signal);
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, quit);
  const openPage = () => (page === undefined ? printer.say("There is no page: --no-page.") : openInBrowser(page.url));
  const forgetKeys = listenForKeys({
    restart,
    open: openPage,
    clear: () => {
      log.clear();
      printer.clear();
    },
    quit: () => quit("SIGINT"),
    help: () => printer.help(),
  });
  printer.start(forgetKeys !== undefined);
  if (options.open === true) openPage();
  try {
    await supervisor.supervise();
    return EXIT.ok;
  } finally {
    forgetKeys?.();
    await close(listener, page);
  }
};

async function close(listener: Server, page: Page | undefined): Promise<void> {
  // First, so that the page's client does not wait for a server that will not come.
  listener.close();
  listener.closeAllConnections();
  await page?.close();
}

/** The server is where its clients think it is, but for the port: the same rules for hosts and callers hold. */
function childFlags(flags: ResolvedRunOptions, options: Readonly<Record<string, unknown>>): readonly string[] {
  return [
    ...["--transport=http", "--port=0", `--host=${flags.host}`, `--path=${flags.path}`, `--grace-ms=${flags.graceMs}`],
    ...(flags.allowUnauthenticated ? ["--allow-unauthenticated"] : []),
    ...(typeof options.export === "string" ? [`--export=${options.export}`] : []),
  ];
}

async function listen(server: Server, { host, port }: ResolvedRunOptions): Promise<Server> {
  // Headers beyond a count would be dropped without a word.
  server.maxHeadersCount = 0;
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EADDRINUSE") return reject(usage(`Cannot listen on ${host}:${port}: ${error.message}`));
      const hint = "Choose another with --port; 0 takes a free one.";
      reject(new CliError(EXIT.failed, `Port ${port} on ${host} is in use.`, { hint, cause: error }));
    });
    server.listen(port, host, () => resolve(server));
  });
}

/** What a client on this machine can use. */
function urlHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}
