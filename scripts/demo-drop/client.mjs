/** What every client of the demonstration does: it calls until it has an answer, and notes what it got on the way. */
import { setTimeout as sleep } from "node:timers/promises";

export const KEY_META = "dev.holdfast/idempotencyKey";
export const OPERATION_META = "dev.holdfast/operation";
/** A call that has no answer by then has none at all. */
const PATIENCE_MS = 30_000;
/** Pause before a client calls again: a server that is being restarted is not asked a thousand times. */
const PAUSE_MS = 40;

export class Client {
  stats = { attempts: 0, resumed: 0, sessionsLost: 0, refused: 0, lastRefusal: "" };

  constructor({ url, random, user }) {
    this.url = url;
    this.random = random;
    this.user = user;
  }

  /** Resolves with the result of the intended call; throws when there was no answer in time. */
  async call(intent) {
    const until = performance.now() + PATIENCE_MS;
    for (;;) {
      this.stats.attempts += 1;
      const from = Math.round(performance.now());
      const message = await this.attempt(intent).catch((error) => this.#broken(error, intent));
      intent.trail.push(`${from}-${Math.round(performance.now())} ${message === undefined ? "no answer" : "answered"}`);
      if (message?.result !== undefined) return message.result;
      if (message?.error !== undefined) this.refusal(JSON.stringify(message.error));
      if (performance.now() > until) throw new Error(`no answer in ${PATIENCE_MS} ms; ${this.stats.lastRefusal}`);
      await sleep(this.random.between(PAUSE_MS / 2, PAUSE_MS * 2));
    }
  }

  /** Something that is not an answer, and no broken connection either. */
  refusal(text) {
    this.stats.refused += 1;
    this.stats.lastRefusal = text.slice(0, 300);
  }

  /** The connection broke: what a network does. Anything else is a mistake of the demonstration. */
  #broken(error, { trail }) {
    trail.push(error.code ?? error.message);
    if (error.code === undefined && error.message !== "nothing came" && error.message !== "aborted") throw error;
    return undefined;
  }

  /** The `tools/call` message of a call, with its key where it has one. */
  toolCall(id, { tool, args, key }, meta = {}) {
    const _meta = { ...meta, ...(key !== undefined && { [KEY_META]: key }) };
    const params = { name: tool, arguments: args, ...(Object.keys(_meta).length > 0 && { _meta }) };
    return { jsonrpc: "2.0", id, method: "tools/call", params };
  }

  initialize(protocolVersion) {
    const params = { protocolVersion, capabilities: {}, clientInfo: { name: "demo-drop", version: "1.0.0" } };
    return { jsonrpc: "2.0", id: "initialize", method: "initialize", params };
  }

  async close() {}
}

/** The answer to `id` among the messages of one answer; undefined when it ends without. */
export async function answerTo(id, answer) {
  for await (const { data } of answer.messages) {
    if (data !== undefined && data.id === id && data.method === undefined) return data;
  }
  return undefined;
}
