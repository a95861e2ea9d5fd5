/** Programs of the pages, as processes: written below the repository, so that imports resolve as they do for a reader. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { freePort } from "../../support/nginx.js";
import { ROOT } from "./pages.js";

/** More than a slow machine takes to start a program through tsx. */
const START_MS = 30_000;
const PAUSE_MS = 50;

export interface Program {
  readonly file: string;
  /** What `node` is started with. */
  readonly args: readonly string[];
}

export interface Serving {
  readonly port: number;
  readonly url: string;
}

export class Programs {
  readonly #folders: string[] = [];
  readonly #children: ChildProcess[] = [];

  /** Writes a program; `packages` is a folder of packages that the repository does not have. */
  write(text: string, { name = "server.ts", packages }: { name?: string; packages?: string } = {}): Program {
    mkdirSync(join(ROOT, ".tmp"), { recursive: true });
    const folder = mkdtempSync(join(packages === undefined ? join(ROOT, ".tmp") : tmpdir(), "page-"));
    this.#folders.push(folder);
    if (packages !== undefined) symlinkSync(packages, join(folder, "node_modules"));
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    const file = join(folder, name);
    writeFileSync(file, text);
    return { file, args: name.endsWith(".ts") ? ["--import", "tsx", file] : [file] };
  }

  /** Starts a program that serves HTTP on `PORT`, and waits until it answers. */
  async serve({ args }: Program): Promise<Serving> {
    const port = await freePort();
    const stdio = ["ignore", "ignore", "pipe"] as const;
    const env = { ...process.env, PORT: String(port) };
    const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: [...stdio] });
    this.#children.push(child);
    let stderr = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const url = `http://127.0.0.1:${port}/mcp`;
    for (const end = Date.now() + START_MS; ; ) {
      if (child.exitCode !== null || Date.now() > end) throw new Error(`it does not serve: ${stderr}`);
      const answered = await fetch(url, { method: "HEAD" }).then(
        () => true,
        () => false,
      );
      if (answered) return { port, url };
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  async close(): Promise<void> {
    for (const child of this.#children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    for (const folder of this.#folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  }
}

/** An official client, connected by Streamable HTTP. */
export async function connectTo(url: string): Promise<Client> {
  const client = new Client({ name: "reader", version: "1.0.0" });
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  return client;
}
