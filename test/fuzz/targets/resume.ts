/**
 * Streams that are cut and resumed: `Last-Event-ID` on both kinds of HTTP, `sessionId` of HTTP+SSE, with the right value,
 * with one of somebody else, and with nearly right ones.
 */
import { isDeepStrictEqual } from "node:util";
import { createHttpTransport } from "../../../src/runtimes/http-transport.js";
import { fuzzedServer, STATIC_URI } from "../kit/definition.js";
import { Dice, played, type Tape } from "../kit/dice.js";
import { type Asked, MemoryExchange } from "../kit/exchange.js";
import { must, type Target } from "../kit/target.js";
import { mutateText } from "../kit/text.js";
import { mintSessions } from "../kit/visit.js";

/** One way to come back to a stream. */
interface Attempt {
  readonly over: "mcp" | "sse" | "messages";
  /** Whose session the attempt is made with: the stream's own, or another one that is alive too. */
  readonly own: boolean;
  /** The number of the event named; undefined leaves the id as the stream gave it. */
  readonly seq: string | undefined;
  /** Throws of the dice that make something else of the id that is right. */
  readonly spoil: Tape | undefined;
}

interface Story {
  readonly attempts: readonly Attempt[];
  /** What is sent while nobody listens. */
  readonly missed: number;
}

const LIMITS = { resumeWindowMs: 1, sessionIdleMs: 1, clientRequestTimeoutMs: 20, streamMaxEvents: 4 };
/** More than a mutation needs. */
const MOST_THROWS = 16;
const SEQS = [
  "0",
  "1",
  "2",
  "00",
  "+1",
  "-1",
  "1.0",
  "1e0",
  " 1",
  "3",
  "4",
  "9999999",
  "999999999999999",
  "9".repeat(16),
  "",
];

const server = fuzzedServer(LIMITS);
const [other, , own] = mintSessions(server.definition);
const OTHER = { "mcp-session-id": other?.id ?? "" };
const OWN = { "mcp-session-id": own?.id ?? "" };

export const resume: Target<Story> = {
  name: "resume",
  weight: 60,
  generate: (dice: Dice): Story => {
    return { missed: dice.below(8), attempts: dice.some(6, () => attempt(dice)) };
  },
  size: ({ attempts }) => attempts.length,
  run: (story) => {
    const transport = createHttpTransport(server.definition, { mcpPath: "/mcp", bindHost: "127.0.0.1" });
    try {
      new Listeners(transport).play(story);
    } finally {
      transport.close();
    }
    server.assertQuiet();
  },
};

function attempt(dice: Dice): Attempt {
  const over = dice.pick(["mcp", "sse", "messages"] as const);
  const seq = dice.flip(2) ? dice.pick(SEQS) : undefined;
  const own = !dice.flip(4);
  if (!dice.flip(2)) return { over, own, seq, spoil: undefined };
  // Drawn now and applied later: the ids are other ones each time the story is told.
  return { over, own, seq, spoil: Array.from({ length: MOST_THROWS }, () => dice.below(2 ** 32)) };
}

function spoiled(id: string, tape: Tape | undefined): string {
  return clean(tape === undefined ? id : mutateText(new Dice(played(tape)), id));
}

type Transport = ReturnType<typeof createHttpTransport>;

/** A standing stream of Streamable HTTP and one of HTTP+SSE, and their clients. */
class Listeners {
  readonly #transport: Transport;
  readonly #standing: MemoryExchange;
  readonly #sse: MemoryExchange;

  constructor(transport: Transport) {
    this.#transport = transport;
    this.#standing = this.#get("/mcp", OWN);
    const subscribe = { jsonrpc: "2.0", id: 1, method: "resources/subscribe", params: { uri: STATIC_URI } };
    const text = JSON.stringify(subscribe);
    const { status } = this.#send({ method: "POST", path: "/mcp", query: "", text, headers: OWN });
    must(status === 200, `subscribing got ${status}`);
    this.#sse = this.#get("/sse", {});
  }

  play({ attempts, missed }: Story): void {
    const event = lastId(this.#standing.text);
    const sse = /sessionId=(.*)/.exec(this.#sse.text)?.[1] ?? "";
    must(event !== "" && sse !== "", "a stream did not open");
    this.#standing.gone();
    this.#sse.gone();
    for (let left = missed; left > 0; left -= 1) server.mcp.sendResourceUpdated({ uri: STATIC_URI });
    for (const one of attempts) {
      if (one.over === "messages") this.#message(one, sse);
      else this.#resume(one, one.over === "mcp" ? event : `${sse}_0`, missed);
    }
    // Thousands of others come before the session would be forgotten by itself.
    const { status } = this.#send({ method: "DELETE", path: "/mcp", query: "", text: "", headers: OWN });
    must(status === 204, `the end of the session got ${status}`);
  }

  #resume({ over, own, seq, spoil }: Attempt, given: string, missed: number): void {
    const named = seq === undefined ? given : given.replace(/\d+$/, seq);
    const id = spoiled(named, spoil);
    const headers = over === "sse" ? {} : own ? OWN : OTHER;
    const exchange = this.#get(`/${over}`, { ...headers, "last-event-id": id });
    const [stream, at] = split(id);
    const mine = stream === split(given)[0] && (own || over === "sse");
    const known = mine && at !== undefined && at <= (over === "mcp" ? missed : 0);
    if (over === "mcp") {
      must(exchange.status === (known ? 200 : 404), `Last-Event-ID ${id} of ${given} got ${exchange.status}`);
      if (known) checkReplay(exchange.text, at ?? 0, missed);
    } else {
      // HTTP+SSE gives a new session to whoever names a stream that is not there.
      must(exchange.status === 200, `Last-Event-ID ${id} of ${given} got ${exchange.status}`);
      must(exchange.text.includes(split(given)[0]) === known, `${id} of ${given} opened ${exchange.text}`);
    }
    must(exchange.failure === undefined, String(exchange.failure));
    exchange.gone();
  }

  #message({ spoil }: Attempt, given: string): void {
    const id = spoiled(given, spoil);
    const text = '{"jsonrpc":"2.0","method":"notifications/initialized"}';
    const query = `sessionId=${encodeURIComponent(id)}`;
    const { status, failure } = this.#send({ method: "POST", path: "/messages", query, text, headers: {} });
    must(status === (id === given ? 202 : 404), `sessionId ${id} of ${given} got ${status}`);
    must(failure === undefined, String(failure));
  }

  #get(path: string, headers: Readonly<Record<string, string>>): MemoryExchange {
    return this.#send({ method: "GET", path, query: "", text: "", headers });
  }

  #send(parts: Pick<Asked, "method" | "path" | "query" | "headers"> & { readonly text: string }): MemoryExchange {
    const { text, headers, ...rest } = parts;
    const all = { host: "127.0.0.1", "content-type": "application/json", accept: "*/*", ...headers };
    const body = { ok: true, text } as const;
    const exchange = new MemoryExchange({ ...rest, headers: all, body, late: false, localAddress: undefined });
    this.#transport.handle(exchange);
    return exchange;
  }
}

/** The event that primes, one for those that are lost, and every one that is kept, once and in order. */
function checkReplay(text: string, at: number, missed: number): void {
  const numbers = [...text.matchAll(/^id: .*_(\d+)$/gm)].map(([, number]) => Number(number));
  const lost = Math.max(at, missed - LIMITS.streamMaxEvents);
  const kept = Array.from({ length: missed - lost }, (_, index) => lost + 1 + index);
  const expected = [at, ...(lost > at ? [lost] : []), ...kept];
  must(isDeepStrictEqual(numbers, expected), `after ${at} of ${missed} came ${numbers}, not ${expected}`);
}

function lastId(text: string): string {
  return [...text.matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? "";
}

/** Stream and number that an event id names; no number when it is none of ours. */
function split(id: string): [string, number | undefined] {
  const match = /^(.*)_(\d{1,15})$/s.exec(id);
  return match === null ? [id, undefined] : [match[1] ?? "", Number(match[2])];
}

/** Headers and queries carry no line breaks, and a parser of HTTP takes the white space around a value. */
function clean(id: string): string {
  return id.replace(/[^\t\x20-\x7e\x80-\xff]/g, "").trim();
}
