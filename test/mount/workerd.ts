/** Bundles a module as deployment tools do, and serves it with workerd on a free port of loopback. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Mount } from "./suite.js";

/** Path of the program; the package has no types. */
const { default: workerd } = createRequire(import.meta.url)("workerd") as { readonly default: string };
const HERE = fileURLToPath(new URL(".", import.meta.url));
/** Node's modules are there without a flag. */
const COMPATIBILITY_DATE = "2026-11-01";

export interface WorkerOptions {
  /** Source of the module; its imports are seen from this folder. */
  readonly source: string;
  readonly bindings?: Readonly<Record<string, string>>;
}

export async function serveWorker({ source, bindings = {} }: WorkerOptions): Promise<Mount> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-workerd-"));
  await build({
    stdin: { contents: source, resolveDir: HERE, loader: "ts" },
    bundle: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    external: ["node:*"],
    outfile: join(folder, "worker.mjs"),
  });
  await writeFile(join(folder, "config.capnp"), configOf(bindings));
  const child = spawn(workerd, ["serve", "config.capnp", "--control-fd=3"], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  });
  return {
    base: `http://127.0.0.1:${await portOf(child)}`,
    close: async () => {
      child.kill("SIGKILL");
      await once(child, "exit");
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function configOf(bindings: Readonly<Record<string, string>>): string {
  const list = Object.entries(bindings).map(([name, text]) => `(name = "${name}", text = "${text}")`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [(name = "worker.mjs", esModule = embed "worker.mjs")],
  compatibilityDate = "${COMPATIBILITY_DATE}",
  bindings = [${list.join(", ")}],
);
`;
}

/** The port that workerd took, as it says on its control descriptor; or why it did not start. */
async function portOf(child: ChildProcess): Promise<number> {
  const errors: string[] = [];
  child.stderr?.on("data", (chunk) => errors.push(String(chunk)));
  for await (const line of createInterface({ input: child.stdio[3] as Readable })) {
    const { port } = JSON.parse(line) as { port?: number };
    if (port !== undefined) return port;
  }
  throw new Error(`workerd did not start:\n${errors.join("")}`);
}
