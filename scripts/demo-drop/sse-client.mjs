/** A client of HTTP+SSE (2024-11-05): one stream for all answers, which it comes back to, and posts beside it. */
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "./client.mjs";
import { exchange } from "./exchange.mjs";

/**
 * After this long without an answer on open streams a client without a key calls again, once the present one has stood for
 * a while: an answer that was on its way when a stream broke is the first to come on the next one.
 */
const ANSWER_MS = 600;
const STANDING_MS = 300;
/** With a key nothing is risked by calling again. */
const KEYED_ANSWER_MS = 1500;
/** How often it is looked whether that is so. */
const LOOK_MS = 50;
const RECONNECT_MS = 40;

export class SseClient extends Client {
  #endpoint;
  #lastEventId = "";
  #stream;
  #closed = false;
  #pumping;
  #nextId = 1;
  /** What waits for the answer to an id. */
  #waiting = new Map();
  #ready;
  #open;

  /** One wait for all posts of a call: an answer to any of them is the answer. */
  async attempt(intent) {
    this.#pumping ??= this.#pump();
    await this.#opened();
    const wait = this.#waitFor(intent);
    const id = this.#nextId++;
    this.#waiting.set(id, wait);
    const meta = intent.key === undefined ? {} : { progressToken: id };
    let patience = intent.key === undefined ? ANSWER_MS : KEYED_ANSWER_MS;
    try {
      const answer = await exchange(this.#endpoint, { body: this.toolCall(id, intent, meta) });
      if (answer.status !== 202) {
        // After a restart the session is there again as soon as its stream has come back.
        patience = 0;
        if (answer.status !== 404) this.refusal(`POST ${answer.status}`);
      }
      answer.close();
    } catch {
      // It may have arrived all the same; with a key nothing is risked by calling again sooner.
      if (intent.key !== undefined) patience = this.random.between(0, 300);
    }
    const message = await Promise.race([wait.promise, this.#silence(patience, intent.key === undefined)]);
    if (message !== undefined) this.#waits.delete(intent.id);
    return message;
  }

  async close() {
    this.#closed = true;
    this.#stream?.close();
    await this.#pumping;
  }

  async #silence(patience, onStream) {
    if (!onStream) return await sleep(patience);
    let silent = 0;
    let standing = 0;
    while (silent < patience || standing < STANDING_MS) {
      await sleep(LOOK_MS);
      standing = this.#attached ? standing + LOOK_MS : 0;
      if (this.#attached) silent += LOOK_MS;
    }
  }

  #waits = new Map();
  #attached = false;

  #waitFor(intent) {
    let wait = this.#waits.get(intent.id);
    if (wait === undefined) {
      wait = {};
      wait.promise = new Promise((resolve) => {
        wait.resolve = resolve;
      });
      this.#waits.set(intent.id, wait);
    }
    return wait;
  }

  #opened() {
    this.#ready ??= new Promise((resolve) => {
      this.#open = resolve;
    });
    return this.#ready;
  }

  async #pump() {
    while (!this.#closed) {
      const from = this.#lastEventId;
      try {
        const headers = from === "" ? {} : { "last-event-id": from };
        const answer = await exchange(this.url, { method: "GET", headers });
        this.#stream = answer;
        if (answer.status !== 200) {
          this.refusal(`GET ${answer.status}`);
          this.#lastEventId = "";
          answer.close();
        } else {
          this.#attached = true;
          await this.#read(answer, from !== "");
        }
      } catch {
        // Cut: the next round comes back to the stream.
      } finally {
        this.#attached = false;
      }
      await sleep(this.random.between(RECONNECT_MS / 2, RECONNECT_MS * 2));
    }
  }

  async #read(answer, resumed) {
    for await (const { endpoint, data } of answer.messages) {
      if (answer.lastEventId !== "") this.#lastEventId = answer.lastEventId;
      if (endpoint !== undefined) await this.#begin(endpoint, resumed);
      else if (data.method === undefined) this.#deliver(data, resumed);
    }
  }

  async #begin(endpoint, resumed) {
    const before = this.#endpoint;
    this.#endpoint = new URL(endpoint, this.url);
    if (resumed && before !== undefined && before.href === this.#endpoint.href) return this.#open?.();
    if (resumed) this.stats.sessionsLost += 1;
    // The answer to initialize comes on this stream and needs no waiting for: posts are read in their order.
    const send = (body) => exchange(this.#endpoint, { body }).then((answer) => answer.close());
    await send(this.initialize("2024-11-05"));
    await send({ jsonrpc: "2.0", method: "notifications/initialized" });
    this.#open?.();
  }

  #deliver(message, resumed) {
    const wait = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (wait === undefined) return;
    if (resumed) this.stats.resumed += 1;
    wait.resolve(message);
  }
}
