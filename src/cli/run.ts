import type { RunHandle } from "../runtimes/run.js";
import { RUN_OPTIONS, resolveRunOptions } from "../runtimes/run-options.js";
import { onRun } from "../util/announce-run.js";
import { usage } from "./errors.js";
import { runEnvironmentOf, runOptionsOf } from "./run-flags.js";
import { guardStdout, importServer, noServer, type ServerLike, serverFile, serverIn } from "./server-file.js";
import type { Action } from "./spec.js";

/** A file may prepare before it calls `run()`. One that does not by then exports nothing and serves nothing. */
const SELF_START_MS = 10_000;

/** Serves a file until it is told to stop. */
export const run: Action = async ({ operands, options, rest = [] }) => {
  const file = serverFile(operands[0] ?? "");
  const flags = runOptionsOf(options);
  Object.assign(process.env, runEnvironmentOf(flags));
  const { transports } = resolveRunOptions(flags);
  const onStdio = transports.includes("stdio");
  if (options.reload === true) {
    if (onStdio) throw usage("--reload needs HTTP: a client on stdio would lose its session.", "Add --transport http.");
    const { superviseRun } = await import("./reload.js");
    return superviseRun({ graceMs: resolveRunOptions(flags).graceMs });
  }
  // As if Node had been given the file with its arguments; whether the file is the main module is ours to know.
  process.argv.splice(2, process.argv.length, ...rest);
  const reporter = process.send === undefined ? undefined : await import("./reload-child.js");
  await reporter?.reportFiles();
  if (onStdio) await guardStdout(file);
  const begun = watchRuns();
  const exports = await importServer(file);
  const name = typeof options.export === "string" ? options.export : undefined;
  const server = begun.first === undefined ? serverIn(exports, name, operands[0] ?? "") : undefined;
  if (onStdio && process.stdin.isTTY === true) hintAtTerminal();
  const handle = await (server === undefined ? selfServed(begun, operands[0] ?? "") : serve(server, flags));
  reporter?.reportReady(handle.url);
  if (options.json === true && !onStdio) process.stdout.write(`${JSON.stringify({ url: handle.url })}\n`);
  return undefined;
};

function serve(server: ServerLike, flags: ReturnType<typeof runOptionsOf>): Promise<RunHandle> {
  return server.run(flags);
}

interface Runs {
  first: Promise<unknown> | undefined;
  listener: ((started: Promise<unknown>) => void) | undefined;
}

/** Listens for the file serving itself. */
function watchRuns(): Runs {
  const runs: Runs = { first: undefined, listener: undefined };
  onRun((started) => {
    runs.first ??= started;
    runs.listener?.(started);
  });
  return runs;
}

async function selfServed(runs: Runs, file: string): Promise<RunHandle> {
  const started = await (runs.first ??
    new Promise<Promise<unknown>>((resolve, reject) => {
      const fail = () => reject(noServer(file));
      const timer = setTimeout(fail, SELF_START_MS);
      // Nothing is left that could call it.
      timer.unref();
      process.once("beforeExit", fail);
      runs.listener = (promise) => {
        clearTimeout(timer);
        process.off("beforeExit", fail);
        // In an object, because a promise of a promise is one promise; either way it is awaited.
        resolve(promise);
      };
    }));
  return started as RunHandle;
}

function hintAtTerminal(): void {
  process.stderr.write(
    `Serving over stdio: clients start this command themselves. For HTTP add --transport http (or ${RUN_OPTIONS.transport.env}=http).\n`,
  );
}
