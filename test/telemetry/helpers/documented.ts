/** The set-up of docs/telemetry.md as a reader has it: files copied out of the page, run by the commands of the page. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "../../faults/helpers/until.js";
import { freePort } from "../../support/nginx.js";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const PAGE = readFileSync(join(ROOT, "docs/telemetry.md"), "utf8");
/** Of batches, so that a test need not wait for the five seconds of the SDK. */
const BATCH_MS = "20";

/** The one block of this language that contains `part`. */
export function block(language: string, part: string): string {
  const all = Array.from(PAGE.matchAll(/^```(\w+)\n(.*?)^```/gms), ([, of, text = ""]) => ({ of, text }));
  const found = all.filter(({ of, text }) => of === language && text.includes(part));
  if (found.length !== 1) throw new Error(`docs/telemetry.md has ${found.length} ${language} blocks with ${part}`);
  return (found[0] as { text: string }).text;
}

/** A folder inside the repository, so that imports resolve as they do for a reader. */
export function documentedFolder(server: string = block("js", "mcp.run()")): string {
  mkdirSync(join(ROOT, ".tmp"), { recursive: true });
  const folder = mkdtempSync(join(ROOT, ".tmp", "otlp-"));
  writeFileSync(join(folder, "telemetry.mjs"), block("js", "setGlobalMeterProvider"));
  writeFileSync(join(folder, "server.mjs"), server);
  return folder;
}

export interface Setting {
  /** Of the receiver. */
  readonly endpoint: string;
  /** Default: that of the page. */
  readonly server?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The server of the page, in a process of its own. */
export class DocumentedServer {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #folder: string;
  #log = "";

  private constructor(folder: string, port: number, { endpoint, env }: Setting) {
    this.#folder = folder;
    this.port = port;
    // The commands of the page, with ports that are free here; the process of the shell becomes that of the server.
    const commands = block("sh", "OTEL_SERVICE_NAME=orders")
      .replace("http://127.0.0.1:4318", endpoint)
      .replace("MCP_TRANSPORT=http MCP_PORT=3000", `exec env MCP_TRANSPORT=http MCP_PORT=${port}`);
    this.#child = spawn("sh", ["-c", commands], {
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, OTEL_BSP_SCHEDULE_DELAY: BATCH_MS, ...env },
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#log += text;
    });
    process.once("exit", this.#kill);
  }

  static async start(setting: Setting): Promise<DocumentedServer> {
    const one = new DocumentedServer(documentedFolder(setting.server), await freePort(), setting);
    await until("it listens", () => one.#log.includes("listening") || one.#child.exitCode !== null);
    if (one.#child.exitCode !== null) throw new Error(`the server of the page did not start: ${one.#log}`);
    return one;
  }

  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  get log(): string {
    return this.#log;
  }

  /** SIGTERM, as a supervisor sends it; resolves when the process is gone. */
  async stop(): Promise<number | null> {
    const { exitCode } = this.#child;
    const exited = exitCode === null ? once(this.#child, "exit") : undefined;
    this.#kill();
    await exited;
    process.off("exit", this.#kill);
    rmSync(this.#folder, { recursive: true, force: true });
    return this.#child.exitCode;
  }

  readonly #kill = (): void => {
    this.#child.kill("SIGTERM");
  };
}
