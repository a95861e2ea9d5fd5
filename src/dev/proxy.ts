/**
 * Stands on the port that clients know, in front of a server that comes and goes. Invariants:
 * 1. What the server says passes as it comes: streams are not gathered, a client that is slow slows the server down, and
 *    whoever leaves, leaves on both sides.
 * 2. While there is no server, requests wait; what was refused by one that ends is asked of the next.
 * 3. Nothing is sent twice that a server may have begun.
 */
import { request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { ErrorCode } from "../errors.js";
import { HeldBody } from "./held-body.js";
import { idOf, messagesIn, methodOf } from "./messages.js";
import type { Tap } from "./tap.js";
import type { Traffic } from "./traffic.js";
import type { Unready, Upstream } from "./upstream.js";
import { mayHearDetails, passedHeaders } from "./wire.js";

/** Longer than a large TypeScript project takes to start, shorter than clients wait (60 s). */
const HOLD_MS = 30_000;
/** Between the end of a process and our hearing of it. */
const NEWS_MS = 2000;
/** How a server of ours refuses new work while it ends. */
const DRAINING = 503;

export interface ProxyParts {
  readonly upstream: Upstream;
  readonly traffic: Traffic;
  readonly holdMs?: number;
}

interface Passing {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: HeldBody;
  readonly tap: Tap;
  readonly gone: AbortSignal;
}

export class DevProxy {
  readonly #upstream: Upstream;
  readonly #traffic: Traffic;
  readonly #holdMs: number;

  constructor({ upstream, traffic, holdMs = HOLD_MS }: ProxyParts) {
    this.#upstream = upstream;
    this.#traffic = traffic;
    this.#holdMs = holdMs;
  }

  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    void this.#serve(request, response).catch(() => response.destroy());
  };

  /**
   * Resolves when the server has heard of every request that was passed on: what comes to a socket later is read later.
   * To be called once no more are passed on, and before the server is told to end.
   */
  async heard(url: URL): Promise<void> {
    await new Promise<void>((resolve) => {
      const probe = httpRequest(new URL("/health", url), { agent: false, timeout: NEWS_MS }, (answer) => {
        answer.resume();
        resolve();
      });
      probe.on("timeout", () => probe.destroy());
      probe.on("error", () => resolve());
      probe.end();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const left = new AbortController();
    response.once("close", () => left.abort());
    const [path = "/", query = ""] = (request.url ?? "/").split("?");
    const header = (name: string) => [request.headers[name]].flat().join(", ") || undefined;
    const transport = path.endsWith("/sse") || path.endsWith("/messages") ? "sse" : "http";
    const tap = this.#traffic.open({ method: request.method ?? "GET", path, query, header, transport });
    const body = new HeldBody(request, (chunk) => tap.requestChunk(chunk));
    await body.read();
    if (body.complete) tap.requestEnd();
    const passing = { request, response, body, tap, gone: left.signal };
    while (!left.signal.aborted) {
      tap.hold(true);
      const where = this.#mayPassNow(body) ?? (await this.#upstream.ready(this.#holdMs, left.signal));
      tap.hold(false);
      if (!(where instanceof URL)) return this.#refuse(passing, where);
      if ((await this.#pass(passing, where)) === "done") return;
    }
    tap.end(false);
  }

  /** To a server that ends go the answers and notifications that its last calls may wait for. */
  #mayPassNow(body: HeldBody): URL | undefined {
    const { state } = this.#upstream;
    if (state.phase === "ready") return state.url;
    if (state.phase !== "ending" || !body.complete) return undefined;
    const messages = messagesIn(body.text);
    const asks = messages.some((message) => methodOf(message) !== undefined && idOf(message) !== undefined);
    return messages.length > 0 && !asks ? state.url : undefined;
  }

  #pass(passing: Passing, url: URL): Promise<"done" | "again"> {
    const { request, response, body, gone } = passing;
    return new Promise((resolve) => {
      const outgoing = httpRequest({
        host: addressOf(url, request),
        port: url.port,
        method: request.method,
        path: request.url,
        headers: passedHeaders(request.rawHeaders),
        agent: false,
      });
      const leave = () => outgoing.destroy();
      gone.addEventListener("abort", leave);
      outgoing.once("response", (incoming) => {
        if (incoming.statusCode === DRAINING && body.complete && this.#isEnding(url)) {
          incoming.resume();
          gone.removeEventListener("abort", leave);
          return resolve("again");
        }
        this.#answer(passing, incoming);
        resolve("done");
      });
      outgoing.on("error", (error: NodeJS.ErrnoException) => {
        gone.removeEventListener("abort", leave);
        if (response.headersSent || gone.aborted) {
          passing.tap.end(false);
          response.destroy();
          return resolve("done");
        }
        void this.#failed(passing, url, error).then(resolve);
      });
      body.sendTo(outgoing);
    });
  }

  #answer({ response, tap }: Passing, incoming: IncomingMessage): void {
    const status = incoming.statusCode ?? 502;
    tap.respond({ status, header: (name) => [incoming.headers[name]].flat().join(", ") || undefined });
    response.writeHead(status, incoming.statusMessage, passedHeaders(incoming.rawHeaders));
    // An event stream begins before its first event.
    response.flushHeaders();
    incoming.on("data", (chunk: Buffer) => tap.responseChunk(chunk));
    incoming.once("close", () => {
      tap.end(incoming.complete);
      if (!incoming.complete) response.destroy();
    });
    incoming.on("error", () => response.destroy());
    incoming.pipe(response);
  }

  #isEnding(url: URL): boolean {
    const { state } = this.#upstream;
    return state.phase !== "ready" || state.url !== url;
  }

  async #failed(passing: Passing, url: URL, error: NodeJS.ErrnoException): Promise<"done" | "again"> {
    if (error.code === "ECONNREFUSED" && passing.body.complete) {
      if (!this.#isEnding(url)) await this.#upstream.changed(NEWS_MS, passing.gone);
      if (this.#isEnding(url)) return "again";
    }
    this.#reply(passing, 502, "The server ended before it answered.");
    return "done";
  }

  #refuse(passing: Passing, why: Unready): void {
    if (why.kind !== "failed") {
      if (why.kind === "gone") return passing.tap.end(false);
      return this.#reply(passing, 503, `The server did not start within ${this.#holdMs} ms; try again.`);
    }
    const { summary, text } = why.failure;
    const details = mayHearDetails(passing.request) ? `: ${summary}` : ".";
    const data = mayHearDetails(passing.request) ? { output: text } : undefined;
    this.#reply(passing, 503, `The server does not start${details}`, data);
  }

  /** A client that asked something is told in its own terms; 200, because many clients show no body of any other. */
  #reply({ response, body, tap }: Passing, status: number, message: string, data?: object): void {
    const requests = (body.complete ? messagesIn(body.text) : []).filter((one) => methodOf(one) !== undefined);
    const asked = requests.map(idOf).find((id) => id !== undefined);
    const error = { code: ErrorCode.Unavailable, message, ...(data !== undefined && { data }) };
    const text = asked === undefined ? `${message}\n` : JSON.stringify({ jsonrpc: "2.0", id: asked, error });
    const headers = {
      "content-type": asked === undefined ? "text/plain; charset=utf-8" : "application/json",
      "retry-after": "1",
    };
    const code = asked !== undefined && data !== undefined ? 200 : status;
    tap.respond({ status: code, header: () => undefined });
    tap.responseChunk(Buffer.from(text));
    tap.end(true);
    response.writeHead(code, headers).end(text);
  }
}

/** A server on every address is reached on the one that its client used: that one it lets pass as a Host. */
function addressOf({ hostname }: URL, { socket }: IncomingMessage): string {
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  return host === "0.0.0.0" || host === "::" ? (socket.localAddress ?? "127.0.0.1") : host;
}
