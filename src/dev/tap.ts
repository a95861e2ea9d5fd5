import { HEADER } from "../protocol/headers.js";
import { redactText } from "../util/redact.js";
import { EventSplitter, type PassingEvent } from "./event-splitter.js";
import type { Caller, Outcome } from "./log.js";
import { messagesIn } from "./messages.js";
import type { Pending, Traffic } from "./traffic.js";

/** What the first line and the headers of a request say. */
export interface HttpFacts {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly header: (name: string) => string | undefined;
  readonly transport: Caller["transport"];
}

export interface ResponseFacts {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
}

/** What servers of ours take; of larger ones the headers must do. */
const MAX_BODY_BYTES = 8_388_608;
/** Of an answer that is no message: enough for a line. */
const MAX_REFUSAL_CHARACTERS = 300;

const METHOD_NOT_ALLOWED = 405;

let exchanges = 0;

/** One HTTP exchange that passes by. */
export class Tap {
  readonly #traffic: Traffic;
  readonly #facts: HttpFacts;
  #scope: string;
  #request: Uint8Array[] = [];
  #requestBytes = 0;
  #own: readonly Pending[] | undefined;
  #response: ResponseFacts | undefined;
  #body: Uint8Array[] = [];
  #bodyBytes = 0;
  #splitter: EventSplitter | undefined;
  #resumable = false;
  /** The log's entry of what carries no request: a GET, a refused body. */
  #plain: number | undefined;
  #done = false;

  constructor(traffic: Traffic, facts: HttpFacts) {
    this.#traffic = traffic;
    this.#facts = facts;
    exchanges += 1;
    this.#scope = scopeOf(facts) ?? `exchange:${exchanges}`;
  }

  requestChunk(chunk: Uint8Array): void {
    this.#requestBytes += chunk.length;
    if (this.#requestBytes <= MAX_BODY_BYTES) this.#request.push(chunk);
    else this.#request = [];
  }

  requestEnd(): void {
    if (this.#own !== undefined || this.#facts.method !== "POST") return;
    const text = Buffer.concat(this.#request).toString("utf8");
    this.#request = [];
    this.#own = this.#traffic.asked(text, this.#scope, this.#facts);
    // The stream is the session; over Streamable HTTP the answer names it.
    const opened = this.#own.find(({ initialize }) => initialize);
    if (opened !== undefined && this.#facts.transport === "sse") this.#traffic.remember(this.#scope, opened.caller);
  }

  hold(held: boolean): void {
    for (const one of this.#own ?? []) this.#traffic.hold(one, held);
  }

  respond(response: ResponseFacts): void {
    this.#response = response;
    if (response.status === 200 && isEventStream(response)) {
      this.#splitter = new EventSplitter((event) => this.#event(event));
    }
    const session = response.header(HEADER.sessionId);
    const opened = this.#own?.find(({ initialize }) => initialize);
    if (session !== undefined && opened !== undefined) this.#traffic.remember(`session:${session}`, opened.caller);
    if (this.#facts.method === "POST") return;
    const { method, path } = this.#facts;
    const caller = this.#traffic.callerOf(undefined, this.#scope, this.#facts);
    // 405 says that there is no such stream here: clients ask to find out.
    const quiet = response.status < 400 || response.status === METHOD_NOT_ALLOWED;
    this.#plain = this.#traffic.log.begin({
      method: `${method} ${path}`,
      name: undefined,
      caller,
      request: undefined,
      quiet,
    });
  }

  responseChunk(chunk: Uint8Array): void {
    if (this.#splitter !== undefined) return this.#splitter.push(chunk);
    this.#bodyBytes += chunk.length;
    if (this.#bodyBytes <= MAX_BODY_BYTES) this.#body.push(chunk);
  }

  /** The exchange is over; `whole` when its answer was complete. */
  end(whole: boolean): void {
    if (this.#done) return;
    this.#done = true;
    const status = this.#response?.status ?? 0;
    const text = this.#bodyBytes <= MAX_BODY_BYTES ? Buffer.concat(this.#body).toString("utf8") : "";
    this.#body = [];
    for (const message of this.#splitter === undefined ? messagesIn(text) : []) {
      this.#traffic.said(message, this.#scope, this.#own ?? []);
    }
    const left: Outcome = this.#refusal(status, text) ?? { kind: whole ? "lost" : "cancelled" };
    if (this.#plain !== undefined) {
      this.#traffic.log.end(this.#plain, left.kind === "http" ? left : { kind: "ok" }, undefined);
    }
    const logged = this.#plain !== undefined || (this.#own ?? []).length > 0;
    if (!logged && left.kind === "http") this.#refused(left);
    for (const one of this.#own ?? []) {
      if (this.#traffic.isPending(one) && !this.#answeredElsewhere(status)) this.#traffic.settle(one, left, undefined);
    }
    // With its stream a client of HTTP+SSE loses every answer that is still to come.
    if (this.#facts.transport === "sse" && this.#splitter !== undefined) {
      for (const one of this.#traffic.pendingIn(this.#scope)) {
        this.#traffic.settle(one, { kind: "cancelled" }, undefined);
      }
    }
  }

  #event({ event, data, id }: PassingEvent): void {
    if (id !== undefined) this.#resumable = true;
    if (event === "endpoint") {
      this.#scope = `sse:${data.split("?")[1] ?? data}`;
      return;
    }
    for (const message of messagesIn(data)) this.#traffic.said(message, this.#scope, this.#own ?? []);
  }

  /** The answer comes on the stream of the session, or when the client resumes this one. */
  #answeredElsewhere(status: number): boolean {
    if (this.#facts.transport === "sse") return status === 202;
    return status === 200 && this.#resumable;
  }

  #refusal(status: number, text: string): Outcome | undefined {
    if (status < 400) return undefined;
    return { kind: "http", status, message: redactText(text).trim().slice(0, MAX_REFUSAL_CHARACTERS) };
  }

  /** A POST that was refused, and that carried no request that could be read. */
  #refused(outcome: Outcome): void {
    const { method, path, header } = this.#facts;
    const log = this.#traffic.log.begin({
      method: header(HEADER.method) ?? `${method} ${path}`,
      name: header(HEADER.name),
      caller: this.#traffic.callerOf(undefined, this.#scope, this.#facts),
      request: undefined,
      quiet: false,
    });
    this.#traffic.log.end(log, outcome, undefined);
  }
}

function scopeOf({ header, transport, query }: HttpFacts): string | undefined {
  const session = header(HEADER.sessionId);
  if (session !== undefined) return `session:${session}`;
  return transport === "sse" && query !== "" ? `sse:${query}` : undefined;
}

function isEventStream({ header }: ResponseFacts): boolean {
  return header("content-type")?.startsWith("text/event-stream") === true;
}
