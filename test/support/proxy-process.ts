/** A proxy in a process of its own, in front of which nothing stands and which keeps everything it writes in one folder. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { type Program, requireProgram } from "./debian.js";

/** Far above what any proxy takes to start; nginx tries five times, half a second apart, when its port is taken. */
const START_MS = 10_000;
/** Between two looks whether it accepts connections: nothing tells when it does. */
const LOOK_MS = 10;

/** What is needed to start it. */
export interface ProxyCommand {
  readonly name: string;
  readonly port: number;
  /** Its arguments, by the folder that is its own. */
  readonly args: (folder: string) => readonly string[];
  /** Beside the environment of the test. */
  readonly env?: (folder: string) => Readonly<Record<string, string>>;
}

export class ProxyProcess {
  readonly folder: string;
  readonly #command: ProxyCommand;
  readonly #program: Program;
  #child: ChildProcess | undefined;
  #log = "";

  private constructor(command: ProxyCommand, program: Program, folder: string) {
    this.#command = command;
    this.#program = program;
    this.folder = folder;
  }

  /** Finds the program and makes its folder; `up` starts it. */
  static async prepare(command: ProxyCommand): Promise<ProxyProcess> {
    const program = await requireProgram(command.name);
    return new ProxyProcess(command, program, await mkdtemp(join(tmpdir(), `holdfast-${command.name}-`)));
  }

  /** What it wrote to stderr. */
  get log(): string {
    return this.#log;
  }

  /** Starts it, the first time or again after `down`; resolves when connections are accepted. */
  async up(): Promise<void> {
    const { name, port, args, env } = this.#command;
    const child = spawn(this.#program.path, args(this.folder), {
      env: { ...process.env, ...this.#program.env, ...env?.(this.folder) },
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
      throw new Error(`${name} did not start: ${this.#log}`);
    }
    // Somebody else may have answered on a port that it could not take.
    if (child.exitCode !== null) throw new Error(`${name} did not start: ${this.#log}`);
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
    await rm(this.folder, { recursive: true, force: true });
  }

  readonly #kill = (): void => {
    this.#child?.kill("SIGTERM");
  };
}

/** The main file of an nginx that stays in the foreground, with places of its own for what it writes. */
export function nginxMain(folder: string, http: string): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `
    daemon off;
    ${process.getuid?.() === 0 ? "user root;" : ""}
    worker_processes 1;
    pid ${folder}/nginx.pid;
    error_log stderr warn;
    events { worker_connections 512; }
    http {
      ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join("\n")}
      ${http}
    }`;
}

/** How nginx is told where that file is. */
export function nginxArgs(folder: string, file: string): readonly string[] {
  return ["-p", folder, "-c", file, "-e", "stderr"];
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
