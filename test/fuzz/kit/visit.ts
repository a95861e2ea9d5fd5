/** A few HTTP requests of one client, each of which may use what the replies before it brought. */
import { createHttpTransport } from "../../../src/runtimes/http-transport.js";
import type { Definition } from "../../../src/server/definition.js";
import type { HttpTransport } from "../../../src/transports/http/handler.js";
import { type Asked, MemoryExchange } from "./exchange.js";
import { judge } from "./judge.js";
import { initialize, LEGACY, MODERN, type Spoken } from "./messages.js";
import { isMembers, member } from "./reference.js";
import { LEARNED } from "./requests.js";
import { must } from "./target.js";

export interface KnownSession {
  readonly id: string;
  readonly revision: Spoken;
}

/** Microtasks that a call may take before it has replied; then turns of the loop. */
const MOST_STEPS = 40;
const MOST_TURNS = 50;
/** Lines end at CR and LF only; U+2028 is a character like any other. */
const EVENT = /^(?:(?:event|id|retry|data)(?:: [^\r\n]*)?|data:|: [^\r\n]*|)$/;
const HTTP_SSE = new Set(["/sse", "/messages"]);
const VERSION_KEY = "io.modelcontextprotocol/protocolVersion";

/** Ids of sessions as any transport of `definition` takes them: they are sealed, and nothing else is kept of them. */
export function mintSessions(definition: Definition): readonly KnownSession[] {
  const transport = createHttpTransport(definition, { mcpPath: "/mcp", bindHost: "127.0.0.1" });
  return LEGACY.slice(1).map((revision) => {
    const text = JSON.stringify({ jsonrpc: "2.0", id: 0, ...initialize(revision) });
    const headers = { host: "127.0.0.1", "content-type": "application/json" };
    const asked: Asked = {
      ...{ method: "POST", path: "/mcp", query: "", headers },
      ...{ body: { ok: true, text }, late: false, localAddress: undefined },
    };
    const exchange = new MemoryExchange(asked);
    transport.handle(exchange);
    return { id: exchange.headers["mcp-session-id"] ?? "", revision };
  });
}

export class Visit {
  readonly #transport: HttpTransport;
  readonly #exchanges: MemoryExchange[] = [];
  readonly #revisions = new Map<string, Spoken>();
  #session: string;
  #event = "AAAAAAAAAAAAAAAAAAAAAA_1";
  #sse = "AAAAAAAAAAAAAAAAAAAAAA";

  constructor(transport: HttpTransport, sessions: readonly KnownSession[]) {
    this.#transport = transport;
    this.#session = sessions[0]?.id ?? "";
    for (const { id, revision } of sessions) this.#revisions.set(id, revision);
  }

  /** Sends one request and judges what it is replied. */
  async ask(given: Asked): Promise<MemoryExchange> {
    const asked = this.#filledIn(given);
    const exchange = new MemoryExchange(asked);
    this.#exchanges.push(exchange);
    this.#transport.handle(exchange);
    await settled(exchange);
    // A question that went out on another stream may be what a call waits for.
    const listens = this.#exchanges.some((other) => other !== exchange && other.streaming && !other.ended);
    must(exchange.replied || listens, () => `no reply: ${describe(asked)}`);
    this.#judge(asked, exchange);
    this.#learn(exchange);
    return exchange;
  }

  /** The client goes away; throws what was wrong with any reply. */
  end(): void {
    for (const exchange of this.#exchanges) exchange.gone();
    this.#transport.close();
    for (const { failure } of this.#exchanges) must(failure === undefined, () => String(failure));
  }

  #filledIn(asked: Asked): Asked {
    const fill = (text: string) =>
      text.includes("<")
        ? text
            .replaceAll(LEARNED.session, this.#session)
            .replaceAll(LEARNED.event, this.#event)
            .replaceAll(LEARNED.sse, this.#sse)
        : text;
    const headers = Object.fromEntries(Object.entries(asked.headers).map(([name, value]) => [name, fill(value)]));
    return { ...asked, headers, query: fill(asked.query) };
  }

  #learn({ headers, text }: MemoryExchange): void {
    this.#session = headers["mcp-session-id"] ?? this.#session;
    if (headers["content-type"] !== "text/event-stream") return;
    this.#event = [...text.matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? this.#event;
    this.#sse = /sessionId=(.*)$/m.exec(text)?.[1] ?? this.#sse;
  }

  #judge(asked: Asked, { failure, status, headers, text }: MemoryExchange): void {
    must(failure === undefined, () => `${failure}\n${describe(asked)}`);
    const type = headers["content-type"];
    const messages = type === "text/event-stream" ? eventsOf(text) : type === "application/json" ? [text] : [];
    if (type === "application/json") must(text !== "" || asked.method === "HEAD", `an empty ${status}`);
    const revisions = this.#revisionsOf(asked);
    for (const one of messages) if (one !== "") judgeAny(one, revisions);
  }

  /** Revisions the reply may be in, the likeliest first. */
  #revisionsOf({ path, headers, body }: Asked): readonly string[] {
    const version = headers["mcp-protocol-version"];
    const legacy = LEGACY.find((one) => one === version);
    const claims = (version !== undefined && legacy === undefined) || claimsModern(bodyValue(body));
    // HTTP+SSE is older than the header, and what its stream replays is of a legacy session whatever a request says.
    if (claims && !HTTP_SSE.has(path)) return [MODERN];
    const known = this.#revisions.get(headers["mcp-session-id"] ?? "");
    return [...new Set([known ?? legacy ?? "2025-03-26", ...LEGACY])];
  }
}

/** Waits until there is a reply, or nothing more to wait for. */
async function settled(exchange: MemoryExchange): Promise<void> {
  for (let step = 0; step < MOST_STEPS && !exchange.replied; step += 1) await null;
  for (let turn = 0; turn < MOST_TURNS && !exchange.replied; turn += 1) await new Promise(setImmediate);
}

/** The data of every event; throws on a line that no client could read. */
function eventsOf(text: string): readonly string[] {
  const lines = text.split("\n");
  const odd = lines.find((line) => !EVENT.test(line));
  must(odd === undefined, () => `no line of an event stream: ${odd}`);
  return lines.flatMap((line, index) => {
    // The endpoint event of HTTP+SSE carries a path.
    if (!line.startsWith("data: ") || lines[index - 2] === "event: endpoint") return [];
    return [line.slice("data: ".length)];
  });
}

function judgeAny(text: string, revisions: readonly string[]): void {
  const value: unknown = JSON.parse(text);
  for (const message of Array.isArray(value) ? value : [value]) {
    const failures: unknown[] = [];
    const fits = revisions.some((revision) => {
      try {
        judge(message, JSON.stringify(message), revision, undefined);
        return true;
      } catch (error) {
        failures.push(error);
        return false;
      }
    });
    if (!fits) throw failures[0];
  }
}

function bodyValue(body: Asked["body"]): unknown {
  if (!body.ok) return undefined;
  if (body.text === undefined) return body.value;
  try {
    return JSON.parse(body.text);
  } catch {
    return undefined;
  }
}

function claimsModern(value: unknown): boolean {
  const params = isMembers(value) ? member(value, "params") : undefined;
  const meta = isMembers(params) ? member(params, "_meta") : undefined;
  return isMembers(meta) && member(meta, VERSION_KEY) !== undefined;
}

function describe(asked: Asked): string {
  return JSON.stringify(asked);
}
