/** A real nginx on a free port of loopback, with the test's own configuration and everything it writes in one folder. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { type Program, requireProgram } from "./debian.js";

/** Far above what nginx takes to start; it tries five times, half a second apart, when its port is taken. */
const START_MS = 10_000;
/** Between two looks whether it accepts connections: nothing tells when it does. */
const LOOK_MS = 10;

export interface NginxOptions {
  /** Directives of its one `server` block, `listen` apart. */
  readonly server: string;
  /** Directives beside the `server` block: upstreams, maps. */
  readonly http?: string;
  /** What follows the address in `listen`, e.g. `http2`. */
  readonly listen?: string;
  /** Default: a free one. Needed when the server behind has to know its public URL first. */
  readonly port?: number;
}

/** A port of loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

export class Nginx {
  readonly port: number;
  /** `http://127.0.0.1:port` */
  readonly base: string;
  readonly #program: Program;
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #log = "";

  private constructor(program: Program, folder: string, port: number) {
    this.#program = program;
    this.#folder = folder;
    this.port = port;
    this.base = `http://127.0.0.1:${port}`;
  }

  /** Writes the configuration and starts; resolves when connections are accepted. */
  static async start(options: NginxOptions): Promise<Nginx> {
    const program = await requireProgram("nginx");
    const folder = await mkdtemp(join(tmpdir(), "holdfast-nginx-"));
    const nginx = new Nginx(program, folder, options.port ?? (await freePort()));
    await writeFile(join(folder, "nginx.conf"), nginx.#configuration(options));
    await nginx.up();
    return nginx;
  }

  /** What nginx wrote to its error log. */
  get log(): string {
    return this.#log;
  }

  /** Starts it, the first time or again after `down`. */
  async up(): Promise<void> {
    const configuration = join(this.#folder, "nginx.conf");
    const args = ["-p", this.#folder, "-c", configuration, "-e", "stderr"];
    const env = { ...process.env, ...this.#program.env };
    const child = spawn(this.#program.path, args, { env, stdio: ["ignore", "ignore", "pipe"] });
    this.#child = child;
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#log += text;
    });
    process.once("exit", this.#kill);
    for (const from = performance.now(); !(await accepts(this.port)); await after(LOOK_MS)) {
      if (child.exitCode === null && performance.now() - from < START_MS) continue;
      await this.stop();
      throw new Error(`nginx did not start: ${this.#log}`);
    }
    // Somebody else may have answered on a port that nginx could not take.
    if (child.exitCode !== null) throw new Error(`nginx did not start: ${this.#log}`);
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

  /** Ends it for good. */
  async stop(): Promise<void> {
    await this.down();
    await rm(this.#folder, { recursive: true, force: true });
  }

  readonly #kill = (): void => {
    this.#child?.kill("SIGTERM");
  };

  #configuration({ server, http = "", listen = "" }: NginxOptions): string {
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    return `
      daemon off;
      ${process.getuid?.() === 0 ? "user root;" : ""}
      worker_processes 1;
      pid ${this.#folder}/nginx.pid;
      error_log stderr warn;
      events { worker_connections 512; }
      http {
        access_log off;
        ${temporary.map((name) => `${name}_temp_path ${this.#folder}/${name};`).join("\n")}
        ${http}
        server {
          listen 127.0.0.1:${this.port} ${listen};
          ${server}
        }
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
