import { setTimeout as sleep } from "node:timers/promises";
import type { ConfigNode } from "../commands/config-tree.js";
import type { ServerChannel } from "../ssh/ssh2.js";
import type { IosDevice } from "./ios-device.js";
import { INVALID_INPUT, RunningConfig } from "./running-config.js";

export interface ShellSettings {
  readonly device: IosDevice;
  readonly user: string;
  readonly stepDelayMs: number;
}

/** No command comes near it; a client that never ends its line must not fill the memory. */
const MAX_LINE = 1_024;

/** The interactive session: prompt, echo, exec mode and configuration mode. */
export class IosShell {
  readonly #channel: ServerChannel;
  readonly #settings: ShellSettings;
  #configuring = false;
  #section: ConfigNode | undefined;
  #typed = "";
  #work: Promise<void> = Promise.resolve();

  constructor(channel: ServerChannel, settings: ShellSettings) {
    this.#channel = channel;
    this.#settings = settings;
    channel.on("data", (chunk: Buffer) => this.#onData(chunk.toString("utf8")));
    channel.on("error", () => undefined); // The client left; there is nobody to answer.
    this.#write(`\r\n${this.#prompt()}`);
  }

  #onData(text: string): void {
    for (const key of text.replace(/\r\n/g, "\n")) {
      if (key === "\r" || key === "\n") {
        const line = this.#typed;
        this.#typed = "";
        // Lines sent ahead are answered in order, as a terminal would.
        this.#work = this.#work.then(() => this.#enter(line));
      } else if (key === "\u0003" || key === "\u001a") {
        this.#typed = "";
        this.#work = this.#work.then(() => this.#enter("end"));
      } else if (key === "\u007f" || key === "\b") {
        this.#typed = this.#typed.slice(0, -1);
      } else if (this.#typed.length < MAX_LINE) {
        this.#typed += key;
      }
    }
  }

  async #enter(line: string): Promise<void> {
    this.#write(`${line}\r\n`);
    await sleep(this.#settings.stepDelayMs);
    const output = this.#run(line.trim());
    if (output === undefined) {
      this.#channel.exit(0);
      this.#channel.end();
      return;
    }
    const text = output === "" ? "" : `${output.trimEnd().replace(/\n/g, "\r\n")}\r\n`;
    this.#write(`${text}${this.#prompt()}`);
  }

  /** The output of one line, or undefined when it ends the session. */
  #run(line: string): string | undefined {
    const { device } = this.#settings;
    if (!this.#configuring) return this.#runExec(line);
    if (line === "" || line.startsWith("!")) return "";
    if (line === "end") return this.#leave();
    if (line.startsWith("do ")) return device.exec(line.slice(3));
    if (line === "exit") {
      if (this.#section === undefined) return this.#leave();
      this.#section = undefined;
      return "";
    }
    const result = device.configure(line, this.#section, this.#settings.user);
    this.#section = result.section;
    return result.error ?? "";
  }

  #runExec(line: string): string | undefined {
    if (line === "exit" || line === "logout" || line === "quit") return undefined;
    if (/^conf(?:igure)? t(?:erminal)?$/.test(line)) {
      this.#configuring = true;
      return "Enter configuration commands, one per line.  End with CNTL/Z.";
    }
    if (/^(?:wr(?:ite)?(?: mem(?:ory)?)?|copy run\S* start\S*)$/.test(line)) return "Building configuration...\n[OK]";
    return line.startsWith("configure") ? INVALID_INPUT : this.#settings.device.exec(line);
  }

  #leave(): string {
    this.#configuring = false;
    this.#section = undefined;
    return "";
  }

  #prompt(): string {
    return `${this.#settings.device.hostname}${this.#configuring ? RunningConfig.modeOf(this.#section) : ""}#`;
  }

  #write(text: string): void {
    if (this.#channel.writable) this.#channel.write(text);
  }
}
