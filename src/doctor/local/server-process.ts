/** A server that was started, as a client holds it. */
import { type ChildProcess, spawn } from "node:child_process";
import type { JsonObject } from "../../util/json.js";
import { OutputReader } from "./output-reader.js";
import type { Program } from "./types.js";

/** The last words of a server that does not start say why. */
const STDERR_CHARACTERS = 2000;

export interface Starting {
  readonly program: Program;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** A descriptor that nobody reads, in place of a pipe that is. */
  readonly stderr?: number;
}

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class ServerProcess {
  readonly output: OutputReader = new OutputReader();
  readonly startedAt: number = performance.now();
  stderrBytes = 0;
  stderrTail = "";
  /** Of spawn itself: the program was not found or may not be run. */
  failed: NodeJS.ErrnoException | undefined;
  ended: Ending | undefined;
  readonly #child: ChildProcess;
  readonly #waiting = new Set<() => void>();
  #isClosed = false;
  #drained: Promise<unknown> | undefined;

  constructor({ program, env, cwd, stderr }: Starting) {
    this.#child = spawn(program.command, [...program.args], { env, cwd, stdio: ["pipe", "pipe", stderr ?? "pipe"] });
    this.#child.on("error", (error: NodeJS.ErrnoException) => {
      this.failed = error;
      this.#changed();
    });
    this.#child.on("exit", (code, signal) => {
      this.ended = { code, signal };
      this.#changed();
    });
    this.#child.on("close", () => {
      this.#isClosed = true;
      this.output.end();
      this.#changed();
    });
    this.#child.stdout?.on("data", (chunk: Buffer) => {
      this.output.push(chunk);
      this.#changed();
    });
    this.#child.stderr?.on("data", (chunk: Buffer) => {
      this.stderrBytes += chunk.length;
      this.stderrTail = (this.stderrTail + chunk.toString()).slice(-STDERR_CHARACTERS);
    });
    // A server that ended takes nothing; that it ended is seen elsewhere.
    for (const stream of [this.#child.stdin, this.#child.stdout, this.#child.stderr])
      stream?.on("error", () => undefined);
  }

  /** 0 where it was never started. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get messages(): readonly JsonObject[] {
    return this.output.messages;
  }

  get isOver(): boolean {
    return this.ended !== undefined || this.failed !== undefined;
  }

  write(bytes: string | Buffer): void {
    if (this.#child.stdin?.writable === true) this.#child.stdin.write(bytes);
  }

  /** Waits until it is so, at most this long; looks whenever something was printed or the process ended. */
  until(condition: () => boolean, withinMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(condition());
      };
      const look = () => {
        if (condition()) finish();
      };
      const timer = setTimeout(finish, withinMs);
      this.#waiting.add(look);
      look();
    });
  }

  closeStdin(): void {
    this.output.ending();
    this.#child.stdin?.end();
  }

  signal(name: NodeJS.Signals): void {
    this.output.ending();
    if (!this.isOver) this.#child.kill(name);
  }

  /**
   * Waits until all it printed before it ended has been read: that it ended may be known sooner than its last words.
   * Not for ever: a child that lives on may hold the pipe.
   */
  drained(): Promise<unknown> {
    this.#drained ??= this.until(() => this.#isClosed || this.failed !== undefined, DRAIN_MS);
    return this.#drained;
  }

  /** As a client's end of the pipes goes: nothing can be read or written any more. */
  async letGo(): Promise<void> {
    this.#child.stdin?.destroy();
    await this.drained();
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }

  #changed(): void {
    for (const look of [...this.#waiting]) look();
  }
}

/** What is in a pipe when its writer has ended is there at once. */
const DRAIN_MS = 500;
