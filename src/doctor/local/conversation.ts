/** Requests and answers with one server that was started. */
import { setTimeout as pause } from "node:timers/promises";
import { META } from "../../protocol/headers.js";
import { LATEST_LEGACY, MODERN } from "../../protocol/revisions/index.js";
import { isObject, type JsonObject, ownObject, ownString } from "../../util/json.js";
import { INITIALIZED, initialize } from "../messages.js";
import type { LocalPatient, Started } from "./patient.js";
import type { ServerProcess } from "./server-process.js";
import { quoted } from "./stray-text.js";

export type Era = "legacy" | "modern";
export type Id = string | number;
type Params = Readonly<Record<string, unknown>>;

/** Long enough for a server to have read what was written. */
const SETTLE_MS = 50;

/** What a server that has no such thing answers; nothing is offered to it here. */
const NOT_OFFERED = { code: -32601, message: "The doctor offers nothing" };

export class Conversation {
  readonly started: Started;
  readonly #patient: LocalPatient;
  #lastId = 100;
  /** Messages of the server that have been looked at for requests of its own. */
  #read = 0;

  constructor(started: Started, patient: LocalPatient) {
    this.started = started;
    this.#patient = patient;
  }

  get server(): ServerProcess {
    return this.started.server;
  }

  /** Opens as a client of the era does. True when it can be used. */
  async greet(): Promise<boolean> {
    const { startMs } = this.#patient.examination;
    if (this.#patient.era === "modern")
      return (await this.ask("server/discover", {}, { withinMs: startMs })) !== undefined;
    const { params } = initialize(LATEST_LEGACY.version) as { params: Params };
    const answer = await this.ask("initialize", params, { withinMs: startMs });
    if (answer === undefined || ownObject(answer, "result") === undefined) return false;
    this.send(INITIALIZED);
    // What is asked next arrives in a read of its own; several in one are the check `requests` to try.
    await pause(SETTLE_MS);
    return true;
  }

  send(message: object): void {
    this.server.write(`${JSON.stringify(message)}\n`);
  }

  /** A request as the era has it, as one line. */
  line(method: string, params: Params, id: Id): string {
    const isModern = this.#patient.era === "modern" || method === "server/discover";
    const _meta = isModern ? { _meta: { ...envelope(), ...(params._meta as object | undefined) } } : {};
    return `${JSON.stringify({ jsonrpc: "2.0", id, method, params: { ...params, ..._meta } })}\n`;
  }

  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  /** The whole answer, or undefined when none came in time or the server ended. */
  ask(
    method: string,
    params: Params = {},
    options: { readonly id?: Id; readonly withinMs?: number } = {},
  ): Promise<JsonObject | undefined> {
    const { id = this.nextId(), withinMs } = options;
    this.server.write(this.line(method, params, id));
    return this.answerTo(id, withinMs);
  }

  async answerTo(id: Id, withinMs: number = this.#patient.examination.answerMs): Promise<JsonObject | undefined> {
    let found: JsonObject | undefined;
    const look = () => {
      this.#respond();
      found ??= this.#find(id);
      return found !== undefined;
    };
    await this.server.until(() => look() || this.server.isOver, withinMs);
    if (found === undefined && this.server.isOver) {
      await this.server.drained();
      look();
    }
    return found;
  }

  /** What does nothing and is answered by every server of the era. */
  poke(): Promise<JsonObject | undefined> {
    const { method, params } = this.harmless();
    return this.ask(method, params);
  }

  harmless(): { readonly method: string; readonly params: Params } {
    return { method: this.#patient.era === "modern" ? "server/discover" : this.#patient.pokeWith, params: {} };
  }

  #find(id: Id): JsonObject | undefined {
    const answers = this.server.messages.filter(({ method }) => method === undefined);
    const exact = answers.find((one) => one.id === id);
    if (exact !== undefined) return exact;
    // An error without an id: nobody else waits for it, and that it has none is noted where it is read.
    const nameless = this.server.messages[this.server.messages.length - 1];
    if (nameless?.id === null && ownObject(nameless, "error")?.code === NOT_OFFERED.code) return nameless;
    // A client would wait in vain; what else is wrong with the server is found out all the same.
    const similar = answers.find((one) => isSimilar(one.id, id));
    if (similar === undefined) return undefined;
    this.#patient.note("message-id-changed", `sent ${JSON.stringify(id)}, came back as ${JSON.stringify(similar.id)}`);
    return similar;
  }

  /** The server may ask too. */
  #respond(): void {
    const { messages } = this.server;
    for (; this.#read < messages.length; this.#read += 1) {
      const { id, method } = messages[this.#read] ?? {};
      if (typeof method !== "string" || (typeof id !== "string" && typeof id !== "number")) continue;
      this.send({ jsonrpc: "2.0", id, ...(method === "ping" ? { result: {} } : { error: NOT_OFFERED }) });
    }
  }
}

/** Turned into another type, or rounded: beyond 2^53 numbers of JavaScript have gaps, and 32 bits wrap around. */
function isSimilar(got: unknown, sent: Id): boolean {
  if (typeof got !== "string" && typeof got !== "number") return false;
  if (String(got) === String(sent) || Number(got) === Number(sent)) return true;
  return typeof sent === "number" && sent > MAX_INT32 && (Number(got) === (sent | 0) || Number(got) === sent >>> 0);
}

const MAX_INT32 = 2_147_483_647;

function envelope(): Readonly<Record<string, unknown>> {
  return {
    [META.protocolVersion]: MODERN.version,
    [META.clientInfo]: { name: "holdfast-doctor", version: "1.0.0" },
    [META.clientCapabilities]: {},
  };
}

/** An answer in a few words. */
export function inWords(answer: JsonObject | undefined): string {
  if (answer === undefined) return "no answer";
  const error = ownObject(answer, "error");
  if (error !== undefined) return `error ${String(error.code)}: ${quoted(ownString(error, "message"))}`;
  return isObject(answer.result)
    ? `a result: ${quoted(JSON.stringify(answer.result))}`
    : quoted(JSON.stringify(answer));
}
