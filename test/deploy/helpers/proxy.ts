/** A real nginx, Caddy or HAProxy that runs a configuration as it was written; what it writes goes into one folder. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { type Program, requireProgram } from "../../support/debian.js";

export type ProxyKind = "nginx" | "caddy" | "haproxy";

/** Far above what any of them takes to start. */
const START_MS = 10_000;
/** Between two looks whether it accepts connections: nothing tells when it does. */
const LOOK_MS = 10;

export interface ProxySpec {
  readonly kind: ProxyKind;
  /** What stands in the file; for nginx what stands in the `http` block. */
  readonly configuration: string;
  readonly port: number;
}

export class FrontProxy {
  readonly #spec: ProxySpec;
  readonly #program: Program;
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #log = "";

  private constructor(spec: ProxySpec, program: Program, folder: string) {
    this.#spec = spec;
    this.#program = program;
    this.#folder = folder;
  }

  /** Starts it; resolves when connections are accepted. */
  static async start(spec: ProxySpec): Promise<FrontProxy> {
    const program = await requireProgram(spec.kind);
    const proxy = new FrontProxy(spec, program, await mkdtemp(join(tmpdir(), `holdfast-${spec.kind}-`)));
    await proxy.up();
    return proxy;
  }

  /** What it wrote to stderr. */
  get log(): string {
    return this.#log;
  }

  /** Starts it, the first time or again after `down`. */
  async up(): Promise<void> {
    const { kind, port } = this.#spec;
    const file = join(this.#folder, "configuration");
    await writeFile(file, kind === "nginx" ? this.#nginxConfiguration() : this.#spec.configuration);
    const args = {
      nginx: ["-p", this.#folder, "-c", file, "-e", "stderr"],
      caddy: ["run", "--adapter", "caddyfile", "--config", file],
      haproxy: ["-W", "-db", "-f", file],
    }[kind];
    // Caddy keeps its state below these.
    const home = { HOME: this.#folder, XDG_CONFIG_HOME: this.#folder, XDG_DATA_HOME: this.#folder };
    const child = spawn(this.#program.path, args, {
      env: { ...process.env, ...this.#program.env, ...home },
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#child = child;
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#log += text;
    });
    process.once("exit", this.#kill);
    for (const from = performance.now(); !(await accepts(port)); await after(LOOK_MS)) {
      if (child.exitCode === null && performance.now() - from < START_MS) continue;
      await this.stop();
      throw new Error(`${kind} did not start: ${this.#log}`);
    }
    // Somebody else may have answered on a port that it could not take.
    if (child.exitCode !== null) throw new Error(`${kind} did not start: ${this.#log}`);
  }

  /** Ends it as an operator who restarts it does: every connection is cut. */
  async down(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    process.off("exit", this.#kill);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    await exited;
  }

  async stop(): Promise<void> {
    await this.down();
    await rm(this.#folder, { recursive: true, force: true });
  }

  readonly #kill = (): void => {
    this.#child?.kill("SIGTERM");
  };

  /** The main file as Debian has it, with places of its own for what nginx writes. */
  #nginxConfiguration(): string {
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    mkdirSync(join(this.#folder, "log"), { recursive: true });
    return `
      daemon off;
      ${process.getuid?.() === 0 ? "user root;" : ""}
      worker_processes 1;
      pid ${this.#folder}/nginx.pid;
      error_log stderr warn;
      events { worker_connections 512; }
      http {
        ${temporary.map((name) => `${name}_temp_path ${this.#folder}/${name};`).join("\n")}
        ${this.#spec.configuration.replaceAll("/var/log/nginx/", `${this.#folder}/log/`)}
      }`;
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
