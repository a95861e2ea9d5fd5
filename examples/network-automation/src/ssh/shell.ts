import { redactLine } from "../commands/redact-config.js";
import { NetworkError } from "../errors.js";
import { tidy } from "./exec.js";
import type { ClientChannel, SshClient } from "./ssh2.js";

/** One line of configuration answers at once, but `show running-config` of a large chassis takes half a minute. */
export const DEFAULT_LINE_TIMEOUT_MS = 60_000;
/** The running configuration of a large chassis is a few hundred kilobytes. */
const MAX_BUFFER = 4 * 1024 * 1024;
/** Wide enough that no line wraps: a wrapped echo would be taken for output. */
const COLUMNS = 511;
const PROMPT = /(?:^|\n)([A-Za-z0-9][\w.-]{0,62})(\((?:config|cfg)[^)\n]*\))?([#>]) ?$/;
/** IOS shortens long host names inside a configuration prompt. */
const COMPARED_NAME = 18;

export interface ShellReply {
  readonly output: string;
  /** "" in exec mode, "(config)", "(config-if)" and so on in configuration mode. */
  readonly mode: string;
}

interface Prompt {
  readonly name: string;
  readonly mode: string;
  readonly privileged: boolean;
  readonly start: number;
}

/**
 * The interactive shell of one device: sends a line, waits for the next prompt. Invariants:
 * 1. One line is under way at a time. 2. The name in the prompt, learned first, is what later prompts
 * must start with, so output that merely looks like a prompt does not end the wait.
 */
export class DeviceShell {
  readonly #channel: ClientChannel;
  readonly #name: string;
  readonly #timeoutMs: number;
  #hostname = "";
  #buffer = "";
  #closed = false;
  #wake: (() => void) | undefined;

  private constructor(channel: ClientChannel, name: string, timeoutMs: number) {
    this.#channel = channel;
    this.#name = name;
    this.#timeoutMs = timeoutMs;
    channel.setEncoding("utf8");
    channel.on("data", (text: string) => {
      if (this.#buffer.length < MAX_BUFFER) this.#buffer += text;
      this.#wake?.();
    });
    channel.on("error", () => undefined); // `close` follows, and is what ends the wait.
    channel.on("close", () => {
      this.#closed = true;
      this.#wake?.();
    });
  }

  static async open(
    client: SshClient,
    name: string,
    timeoutMs: number = DEFAULT_LINE_TIMEOUT_MS,
  ): Promise<DeviceShell> {
    const channel = await new Promise<ClientChannel>((resolve, reject) => {
      client.once("close", () =>
        reject(new NetworkError("unreachable", `${name}: the connection closed before a shell opened.`)),
      );
      client.shell({ term: "vt100", cols: COLUMNS, rows: 0 }, (error, opened) =>
        error === undefined ? resolve(opened) : reject(error),
      );
    });
    const shell = new DeviceShell(channel, name, timeoutMs);
    const { prompt } = await shell.#untilPrompt("the first prompt");
    shell.#hostname = prompt.name.slice(0, COMPARED_NAME);
    if (!prompt.privileged) {
      throw new NetworkError(
        "forbidden",
        `${name}: the account logs in without privileges ("${prompt.name}>"). Give it privilege level 15 on the device.`,
      );
    }
    // Otherwise the first long answer would stop at --More--.
    await shell.run("terminal length 0");
    return shell;
  }

  async run(line: string): Promise<ShellReply> {
    if (this.#closed) throw new NetworkError("unreachable", `${this.#name}: the device closed the session.`);
    this.#buffer = "";
    this.#channel.write(`${line}\n`);
    const { prompt, before } = await this.#untilPrompt(`"${redactLine(line)}"`);
    // The terminal echoes what was typed; the first line is ours, not the device's.
    const output = tidy(before).replace(/^[^\n]*\n?/, "");
    return { output: tidy(output), mode: prompt.mode };
  }

  close(): void {
    this.#channel.close();
  }

  async #untilPrompt(after: string): Promise<{ prompt: Prompt; before: string }> {
    const deadline = Date.now() + this.#timeoutMs;
    for (;;) {
      const prompt = findPrompt(this.#buffer);
      if (prompt?.name.startsWith(this.#hostname)) return { prompt, before: this.#buffer.slice(0, prompt.start) };
      if (this.#buffer.length >= MAX_BUFFER) {
        throw new NetworkError("too_large", `${this.#name}: more than ${MAX_BUFFER} bytes after ${after}.`);
      }
      if (this.#closed) {
        throw new NetworkError("unreachable", `${this.#name}: the device closed the session after ${after}.`);
      }
      if (!(await this.#moreData(deadline - Date.now()))) throw this.#silence(after);
    }
  }

  /** Most often the device asks something ("[confirm]"), so its last line is the news. */
  #silence(after: string): NetworkError {
    const last = redactLine(this.#buffer.trimEnd().split(/\r?\n/).at(-1)?.slice(-120) ?? "");
    const what = `no prompt within ${this.#timeoutMs} ms after ${after}`;
    return new NetworkError("timeout", `${this.#name}: ${what}. The device last said "${last}".`);
  }

  /** False when the time is over. */
  #moreData(waitMs: number): Promise<boolean> {
    if (waitMs <= 0) return Promise.resolve(false);
    return new Promise((resolve) => {
      const timer = setTimeout(() => done(false), waitMs);
      const done = (more: boolean): void => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve(more);
      };
      this.#wake = () => done(true);
    });
  }
}

function findPrompt(buffer: string): Prompt | undefined {
  // A prompt stands at the very end; matching only there keeps long outputs cheap.
  const tail = buffer.slice(-256).replace(/\r/g, "");
  const match = PROMPT.exec(tail);
  if (match === null) return undefined;
  const start = Math.max(buffer.lastIndexOf("\n") + 1, 0);
  return { name: match[1] ?? "", mode: match[2] ?? "", privileged: match[3] === "#", start };
}
