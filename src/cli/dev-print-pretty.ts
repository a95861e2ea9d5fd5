/** The log of `dev` for people: a line for each request, what belongs to it below. It goes to stderr. */
import type { Caller, Exchange, LogEvent, Note, Outcome } from "../dev/log.js";
import type { UpstreamState } from "../dev/upstream.js";
import { failureBlock, placeOf } from "./dev-failure.js";
import { KEYS } from "./dev-keys.js";
import { noteText, serverLines, shortJson } from "./dev-lines.js";
import type { DevPrinter, PrinterOptions } from "./dev-print.js";
import { harmless, hasColour, oneLine, type Palette, paletteOf } from "./terminal.js";

export class PrettyPrinter implements DevPrinter {
  readonly colour: boolean = hasColour(process.stderr);
  readonly #options: PrinterOptions;
  readonly #palette: Palette = paletteOf(process.stderr);
  /** Requests whose first line is out, because something belongs below it. */
  readonly #begun = new Set<number>();
  #rest = "";
  #ready = false;
  #keys = false;

  constructor(options: PrinterOptions) {
    this.#options = options;
  }

  start(keys: boolean): void {
    this.#keys = keys;
    const { bold, cyan, dim } = this.#palette;
    const { file, url, page } = this.#options.announced;
    const sse = new URL("/sse", url).href;
    const rows = [
      ["MCP", cyan(url)],
      ["HTTP+SSE", sse],
      ["Page", page === undefined ? dim("none") : cyan(page)],
      ["Connect", `claude mcp add --transport http dev ${url}`],
      ...(keys ? [["Keys", dim(KEYS)]] : []),
    ];
    const lines = rows.map(([name = "", text]) => `  ${name.padEnd(8)}  ${text}`);
    this.#print(`\n${bold(`holdfast dev ${oneLine(file)}`)}\n${lines.join("\n")}\n`);
  }

  say(text: string): void {
    this.#print(this.#palette.dim(text));
  }

  output(text: string): void {
    const lines = (this.#rest + text).split("\n");
    // A line comes in pieces; a prompt without an end is rare in a server.
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      for (const shown of serverLines(line, this.#palette, this.#options.verbose)) this.#print(shown);
    }
  }

  log(event: LogEvent): void {
    const { exchange } = event;
    if (exchange.quiet && !this.#options.verbose) return;
    if (event.type === "note") this.#note(exchange, event.note);
    else if (event.type === "end") this.#end(exchange);
  }

  state(state: UpstreamState): void {
    const { green, dim, red } = this.#palette;
    if (state.phase === "ready") {
      this.#print(`${this.#time()} ${green(this.#ready ? "ready again" : "ready")}`);
      this.#ready = true;
    } else if (state.phase === "failed") {
      this.output(this.#rest === "" ? "" : "\n");
      const where = placeOf(state.failure);
      this.#print(`${this.#time()} ${red("the server does not run")}${where === undefined ? "" : ` ${dim(where)}`}`);
      this.#print(failureBlock(state.failure, this.#palette));
    } else if (state.phase === "ending") this.#print(`${this.#time()} ${dim("restarting")}`);
  }

  clear(): void {
    process.stderr.write("\u001B[2J\u001B[3J\u001B[H");
    this.start(this.#keys);
  }

  help(): void {
    this.start(this.#keys);
  }

  #note(exchange: Exchange, note: Note): void {
    if (exchange.outcome !== undefined) return;
    if (!this.#begun.has(exchange.id)) {
      this.#begun.add(exchange.id);
      this.#print(`${this.#time(exchange.at)} ${this.#what(exchange)} …`);
      this.#verbose("→", argumentsOf(exchange));
    }
    this.#print(`           ${this.#palette.dim(`#${exchange.id}`)} ${noteText(note, this.#palette)}`);
  }

  #end(exchange: Exchange): void {
    const { dim } = this.#palette;
    const { outcome = { kind: "ok" }, ms = 0, caller } = exchange;
    const words = [
      this.#time(),
      this.#what(exchange),
      this.#outcome(outcome),
      dim(duration(ms)),
      dim(`· ${callerText(caller)}`),
    ];
    this.#print(words.join(" "));
    if (!this.#begun.delete(exchange.id)) this.#verbose("→", argumentsOf(exchange));
    this.#verbose("←", (exchange.response as { readonly result?: unknown } | undefined)?.result);
  }

  #what({ id, method, name }: Exchange): string {
    const { bold, dim } = this.#palette;
    const number = this.#begun.has(id) ? ` ${dim(`#${id}`)}` : "";
    return `${oneLine(method)}${name === undefined ? "" : ` ${bold(oneLine(name))}`}${number}`;
  }

  #outcome(outcome: Outcome): string {
    const { green, red, cyan, dim } = this.#palette;
    switch (outcome.kind) {
      case "ok":
        return green("ok");
      case "asks":
        return cyan("asks for input");
      case "cancelled":
        return dim("cancelled");
      case "lost":
        return red("lost: the server ended");
      case "tool_error":
        return red(`error: ${oneLine(outcome.message)}`);
      case "error":
        return red(`${outcome.code}: ${oneLine(outcome.message)}`);
      case "http":
        return red(`HTTP ${outcome.status}: ${oneLine(outcome.message)}`);
    }
  }

  #verbose(arrow: string, value: unknown): void {
    if (this.#options.verbose && value !== undefined) {
      this.#print(`           ${this.#palette.dim(`${arrow} ${shortJson(value)}`)}`);
    }
  }

  #time(at = Date.now()): string {
    return this.#palette.dim(new Date(at).toTimeString().slice(0, 8));
  }

  #print(text: string): void {
    process.stderr.write(`${text}\n`);
  }
}

function argumentsOf({ request }: Exchange): unknown {
  const { params } = (request ?? {}) as { readonly params?: { readonly arguments?: unknown } };
  return params?.arguments;
}

function callerText({ name, version, revision, transport }: Caller): string {
  const who = name === undefined ? [] : [`${name}${version === undefined ? "" : ` ${version}`}`];
  return oneLine(harmless([...who, ...(revision === undefined ? [] : [revision]), transport].join(" · ")));
}

function duration(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`;
}
