/** The process that serves, as `dev` sees it: what it prints, when it is ready, and why it is not. */
import { type ChildProcess, fork } from "node:child_process";
import { failureOf } from "../dev/failure.js";
import type { DevProxy } from "../dev/proxy.js";
import type { Traffic } from "../dev/traffic.js";
import type { Upstream } from "../dev/upstream.js";
import type { DevPrinter } from "./dev-print.js";

/** The last words say why; a loud server's are cut. */
const MAX_KEPT_CHARACTERS = 16_384;
/** What a server prints before it is ready is held back for so long: if it does not start, it is shown in order. */
const QUIET_START_MS = 3000;

export interface DevChildParts {
  readonly upstream: Upstream;
  readonly traffic: Traffic;
  readonly proxy: DevProxy;
  readonly printer: DevPrinter;
}

export class DevChild {
  readonly #parts: DevChildParts;
  #printed = "";
  #held: string[] | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: DevChildParts) {
    this.#parts = parts;
  }

  start(args: readonly string[]): ChildProcess {
    this.#printed = "";
    this.#held = [];
    this.#timer = setTimeout(() => this.#release(), QUIET_START_MS);
    this.#parts.upstream.set({ phase: "starting" });
    const [, script = ""] = process.argv;
    // A group of its own: Ctrl-C of the terminal comes to us, and we pass it on once.
    const child = fork(script, [...args], {
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      detached: true,
      env: { ...process.env, ...(this.#parts.printer.colour && { FORCE_COLOR: "1" }) },
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8");
      stream?.on("data", (text: string) => this.#heard(text));
    }
    return child;
  }

  ready(url: string | undefined): void {
    this.#release();
    if (url !== undefined) return this.#parts.upstream.set({ phase: "ready", url: new URL(url) });
    const summary = "the file serves itself over stdio only; leave the transport out of run(), or give it http";
    this.#parts.upstream.set({ phase: "failed", failure: { summary, text: "" } });
  }

  async ending(): Promise<void> {
    const { upstream, proxy } = this.#parts;
    const { state } = upstream;
    if (state.phase !== "ready") return;
    upstream.set({ phase: "ending", url: state.url });
    await proxy.heard(state.url);
  }

  ended(code: number | null, wanted: boolean): void {
    clearTimeout(this.#timer);
    this.#parts.traffic.serverGone();
    if (wanted) {
      this.#release();
      return this.#parts.upstream.set({ phase: "starting" });
    }
    const running = this.#held === undefined;
    this.#held = undefined;
    const failure = failureOf(this.#printed, code);
    // What it printed while it ran was shown as it came.
    this.#parts.upstream.set({ phase: "failed", failure: running ? { ...failure, text: "" } : failure });
  }

  #heard(text: string): void {
    this.#printed = (this.#printed + text).slice(-MAX_KEPT_CHARACTERS);
    if (this.#held === undefined) this.#parts.printer.output(text);
    else this.#held.push(text);
  }

  #release(): void {
    clearTimeout(this.#timer);
    const held = this.#held ?? [];
    this.#held = undefined;
    if (held.length > 0) this.#parts.printer.output(held.join(""));
  }
}
