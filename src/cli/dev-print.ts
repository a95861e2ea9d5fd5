/** What `dev` says: lines of JSON for programs; dev-print-pretty.ts has those for people. */
import type { Exchange, LogEvent } from "../dev/log.js";
import type { UpstreamState } from "../dev/upstream.js";
import { printable } from "./terminal.js";

export interface Announced {
  readonly file: string;
  readonly url: string;
  readonly page: string | undefined;
}

export interface PrinterOptions {
  readonly verbose: boolean;
  readonly announced: Announced;
}

export interface DevPrinter {
  /** Whether what the server prints may be coloured. */
  readonly colour: boolean;
  /** Once; `keys` when keys are listened for. */
  start(keys: boolean): void;
  say(text: string): void;
  /** Something that the server printed. */
  output(text: string): void;
  log(event: LogEvent): void;
  state(state: UpstreamState): void;
  clear(): void;
  help(): void;
}

export class JsonPrinter implements DevPrinter {
  readonly colour = false;
  readonly #options: PrinterOptions;

  constructor(options: PrinterOptions) {
    this.#options = options;
  }

  start(): void {
    this.#print("start", { ...this.#options.announced });
  }

  say(text: string): void {
    process.stderr.write(`${text}\n`);
  }

  output(text: string): void {
    process.stderr.write(text);
  }

  log(event: LogEvent): void {
    const { exchange } = event;
    if (exchange.quiet && !this.#options.verbose) return;
    if (event.type === "note") this.#print("note", { id: exchange.id, ...event.note });
    else if (event.type === "begin") this.#print("begin", this.#facts(exchange));
    else this.#print("end", this.#facts(exchange));
  }

  state(state: UpstreamState): void {
    const { announced } = this.#options;
    if (state.phase === "failed") this.#print("failed", { ...state.failure });
    else this.#print(state.phase, state.phase === "ready" ? { url: announced.url } : {});
  }

  clear(): void {}

  help(): void {}

  #facts({
    id,
    at,
    method,
    name,
    caller,
    request,
    response,
    outcome,
    ms,
  }: Exchange): Readonly<Record<string, unknown>> {
    return { id, at, method, name, caller, outcome, ms, ...(this.#options.verbose && { request, response }) };
  }

  #print(event: string, facts: Readonly<Record<string, unknown>>): void {
    process.stdout.write(`${printable(JSON.stringify({ event, ...facts }))}\n`);
  }
}
