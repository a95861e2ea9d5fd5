/** Bytes on the stdin of a real server process: it lives, says nothing that is no message, and answers the next request. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Dice } from "../kit/dice.js";
import { frame, LEGACY, MODERN, type Spoken } from "../kit/messages.js";
import { isMembers } from "../kit/reference.js";
import { must, type Target } from "../kit/target.js";
import { mutateBytes, oddLength } from "../kit/text.js";

interface Piped {
  readonly bytes: Buffer;
  /** How many lines of somebody's making are in it. */
  readonly frames: number;
}

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const CHILD = fileURLToPath(new URL("../kit/stdio-child.ts", import.meta.url));
const MOST_FRAMES = 8;
/** Around the bound of the server. */
const MOST_BYTES = 131_072;

export const stdioProcess: Target<Piped> = {
  name: "stdio-process",
  weight: 30,
  generate: (dice: Dice): Piped => {
    const revision = dice.pick<Spoken>([MODERN, ...LEGACY]);
    const lines = dice.some(MOST_FRAMES, () => frame(dice, revision).text);
    if (dice.flip(100)) lines.push("y".repeat(oddLength(dice, MOST_BYTES)));
    const whole = Buffer.from(lines.join(dice.flip(8) ? "\r\n" : "\n"));
    return { bytes: dice.flip(3) ? mutateBytes(dice, whole) : whole, frames: lines.length };
  },
  size: ({ frames }) => frames,
  open: async () => {
    server = await ServerProcess.start();
  },
  close: async () => {
    await server?.end();
  },
  run: async ({ bytes }) => {
    if (server?.over !== false) server = await ServerProcess.start();
    await server.survives(bytes);
  },
};

let server: ServerProcess | undefined;

class ServerProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  #unfinished = "";
  #stderr = "";
  #probes = 0;
  /** What went wrong with a line of its output, and whom to tell of the answer that is waited for. */
  #failure: string | undefined;
  #answered: (() => void) | undefined;
  over = false;

  static async start(): Promise<ServerProcess> {
    const made = new ServerProcess();
    await made.survives(Buffer.alloc(0));
    return made;
  }

  private constructor() {
    this.#child = spawn(process.execPath, ["--import", "tsx", CHILD], { cwd: ROOT, stdio: ["pipe", "pipe", "pipe"] });
    this.#child.stdin.on("error", () => {});
    this.#child.stderr.on("data", (chunk) => {
      this.#stderr += chunk;
    });
    this.#child.stdout.setEncoding("utf8").on("data", (text: string) => {
      // By hand: a line reader would end lines at U+2028 too, which is a character like any other in JSON.
      const lines = `${this.#unfinished}${text}`.split("\n");
      this.#unfinished = lines.pop() ?? "";
      for (const line of lines) this.#heard(line);
    });
    this.#child.once("close", () => {
      this.over = true;
      this.#answered?.();
    });
  }

  /** Sends `bytes` and then a request that has to be answered. */
  async survives(bytes: Buffer): Promise<void> {
    this.#probes += 1;
    const answered = new Promise<void>((resolve) => {
      this.#answered = resolve;
    });
    const ping = { jsonrpc: "2.0", id: this.#id, method: "ping" };
    this.#child.stdin.write(Buffer.concat([bytes, Buffer.from(`\n${JSON.stringify(ping)}\n`)]));
    await answered;
    must(!this.over, () => `the server ended: ${this.#stderr}`);
    const said = this.#failure;
    this.#failure = undefined;
    must(said === undefined, () => `no message on stdout: ${said}`);
  }

  /** The input ends, and so does the server. */
  async end(): Promise<void> {
    if (this.over) return;
    const closed = once(this.#child, "close");
    this.#child.stdin.end();
    await closed;
  }

  get #id(): string {
    return `probe ${this.#probes}`;
  }

  #heard(line: string): void {
    const message = parsed(line);
    if (!isMembers(message) && !Array.isArray(message)) this.#failure ??= JSON.stringify(line);
    else if (isMembers(message) && message.id === this.#id) this.#answered?.();
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
