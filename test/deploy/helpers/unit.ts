/** Runs what a unit file says, as systemd would: its program, its environment, its way of stopping. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { killed } from "../../support/killed.js";

export class UnitProcess {
  readonly #values: ReadonlyMap<string, readonly string[]>;
  #child: ChildProcessWithoutNullStreams | undefined;
  #stderr = "";

  constructor(text: string) {
    const values = new Map<string, string[]>();
    for (const [, key = "", value = ""] of text.matchAll(/^([A-Za-z]+)=(.*)$/gm)) {
      values.set(key, [...(values.get(key) ?? []), value]);
    }
    this.#values = values;
  }

  /** The last value of a setting. */
  value(key: string): string {
    return this.#values.get(key)?.at(-1) ?? "";
  }

  /** Starts it; resolves when it says that it is ready. */
  async start(): Promise<void> {
    const [program = "", ...args] = this.value("ExecStart").split(" ");
    const own = (this.#values.get("Environment") ?? []).flatMap((line) => line.split(" "));
    const pairs = own.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)] as const);
    const env = { PATH: process.env.PATH, ...Object.fromEntries(pairs) };
    const child = spawn(program, args, { env, cwd: this.value("WorkingDirectory") });
    this.#child = child;
    child.stdin.on("error", () => {});
    child.stdout.resume();
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
    while (!this.#stderr.includes("ready ")) {
      await Promise.race([once(child.stderr, "data"), once(child, "exit")]);
      if (child.exitCode !== null) throw new Error(`the server ended: ${this.#stderr}`);
    }
  }

  say(line: string): void {
    this.#child?.stdin.write(`${line}\n`);
  }

  /** As `systemctl stop` begins; resolves with the exit code. */
  async stop(): Promise<number | null> {
    if (this.#child === undefined) throw new Error("not started");
    const exited = once(this.#child, "exit") as Promise<[number | null]>;
    this.#child.kill(this.value("KillSignal") as NodeJS.Signals);
    return (await exited)[0];
  }

  async kill(): Promise<void> {
    if (this.#child !== undefined) await killed(this.#child);
  }
}
