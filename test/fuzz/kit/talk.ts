/**
 * One conversation over a channel.
 *
 * Invariants checked:
 * 1. Receiving never throws.
 * 2. Every request is answered once, with its id, unless it was cancelled or is a stream that lasts.
 * 3. What cannot be read is answered once, with its id where it has one; nothing else is ever answered.
 * 4. Every message of the server is valid in the revision it belongs to.
 */
import type { Principal } from "../../../src/auth/principal.js";
import { Channel } from "../../../src/server/channel.js";
import type { Definition } from "../../../src/server/definition.js";
import type { Written } from "./json.js";
import { judge } from "./judge.js";
import { Ledger, type Owed } from "./ledger.js";
import { ASKED, goodAnswer, MODERN } from "./messages.js";
import { type Due, dueOf, type Id, isMembers, spokenBy } from "./reference.js";
import { must } from "./target.js";

const CALLER: Principal = { issuer: "fuzz", subject: "fuzz", permissions: ["fuzz:use"] };
/** JSON-RPC's own codes: no JSON, no message. */
const UNREADABLE = new Set<unknown>([-32_700, -32_600]);
/** The bound of the server under fuzz, which is the default. */
const MAX_BATCH = 100;
/** Turns of the event loop that the last answers may take. */
const MAX_TURNS = 100;
/** By then whatever needs no turn of the loop is through. */
const QUIET_TURNS = 3;
/** More questions than any handler asks, with answers refused in between. */
const MAX_QUESTIONS = 500;
const ASKED_TEXT = JSON.stringify(ASKED);

export class Talk {
  readonly #channel: Channel;
  readonly #ledger = new Ledger();
  /** Errors without an id: what is due, and what came. */
  #namelessDue = 0;
  #nameless = 0;
  /** Those among them that came alone, not in a batch. */
  #refusals = 0;
  readonly #questions: { readonly id: unknown; readonly method: string }[] = [];
  #asked: unknown = 0;
  readonly #failures: unknown[] = [];
  /** Revisions this conversation has been in: what a notification may belong to. */
  readonly #spoken = new Set<string>([MODERN]);

  constructor(definition: Definition) {
    // Kept for later: thrown from here, a judgement would pass through the very code it is about.
    const send = (text: string) => {
      try {
        this.#received(text);
      } catch (error) {
        this.#failures.push(error);
      }
    };
    this.#channel = new Channel(definition, { transport: "memory", principal: CALLER, send, modern: true });
    this.#spoken.add(this.#channel.session.revision.version);
  }

  /** True while something is owed, or asked. */
  get waits(): boolean {
    return this.#ledger.missing > 0 || this.#questions.length > 0;
  }

  /** Sends one frame and looks at what came at once. */
  send({ text: given, plain }: Written): void {
    const text = given.replaceAll(ASKED_TEXT, () => JSON.stringify(this.#asked));
    const [due, refusals, paid] = [this.#namelessDue, this.#refusals, this.#ledger.paid];
    const entries = this.#enter(text);
    this.#channel.receiveText(text);
    this.#spoken.add(this.#channel.session.revision.version);
    // What is unusual may be refused as a whole, by bounds that only the server knows.
    if (plain || this.#refusals !== refusals + 1 || this.#ledger.paid !== paid) return;
    this.#ledger.strike(entries);
    this.#namelessDue = due + 1;
  }

  /** Waits for the last answers, with answers of our own to what the server asks. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < MAX_TURNS && this.waits; turn += 1) {
      // Microtasks first, many at a time: most handlers need a few of them and no turn of the loop.
      for (let step = 0; step < 20 && this.waits; step += 1) await null;
      this.#answerAll();
      if (turn < QUIET_TURNS) continue;
      if (turn === QUIET_TURNS) this.#endLasting();
      if (this.#questions.length === 0 && this.#ledger.missing <= this.#ledger.forgiven) return;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Closes the channel; throws what was wrong with the conversation. */
  close(): void {
    this.#channel.close();
    if (this.#failures.length > 0) throw this.#failures[0];
    this.#ledger.balance();
    const [due, came] = [this.#namelessDue, this.#nameless];
    must(due === came, `${due} errors without an id were due, ${came} came`);
  }

  /** Enters what `text` makes the server owe. */
  #enter(text: string): readonly Owed[] {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      this.#namelessDue += 1;
      return [];
    }
    const { revision } = this.#channel.session;
    if (!Array.isArray(value)) return this.#enterOne(dueOf(value), revision.version, false);
    if (revision.batches && value.length > 0 && value.length <= MAX_BATCH) {
      return value.flatMap((part) => this.#enterOne(dueOf(part), revision.version, true));
    }
    this.#namelessDue += 1;
    return [];
  }

  #enterOne(due: Due, session: string, inBatch: boolean): readonly Owed[] {
    if (due.kind === "silent") {
      if ("cancels" in due) this.#ledger.cancel(due.cancels);
      return [];
    }
    if (due.id === undefined) {
      this.#namelessDue += 1;
      return [];
    }
    // `initialize` cannot be part of a batch: it opens the session the batch would belong to.
    const valid = due.kind === "request" && !(inBatch && due.method === "initialize" && !due.modern);
    const method = valid ? due.method : undefined;
    const owed: Owed = { id: due.id, method, revision: valid ? spokenBy(due, session) : session, cancelled: false };
    this.#ledger.enter(owed);
    return [owed];
  }

  #received(text: string): void {
    const message: unknown = JSON.parse(text);
    if (!Array.isArray(message)) {
      if (isMembers(message) && !("id" in message) && "error" in message) this.#refusals += 1;
      return this.#receivedOne(message, text);
    }
    must(message.length > 0, "an empty batch was sent");
    for (const part of message) this.#receivedOne(part, JSON.stringify(part));
  }

  #receivedOne(message: unknown, text: string): void {
    must(isMembers(message), () => `no object: ${text}`);
    if ("method" in message) return this.#told(message, text);
    const { id, error } = message;
    if ("id" in message) {
      const idText = JSON.stringify(id);
      this.#ledger.pay({ id: id as Id, message, rest: text.slice(text.indexOf(idText) + idText.length) });
      return;
    }
    must(isMembers(error) && UNREADABLE.has(error.code), () => `an answer to nobody: ${text}`);
    this.#nameless += 1;
    judge(message, text, this.#channel.session.revision.version, undefined);
  }

  /** A notification or a question of the server. */
  #told(message: Readonly<Record<string, unknown>>, text: string): void {
    const failures: unknown[] = [];
    for (const revision of this.#spoken) {
      try {
        judge(message, text, revision, undefined);
        failures.length = 0;
        break;
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures.at(-1);
    if (!("id" in message)) return;
    this.#asked = message.id;
    this.#questions.push({ id: message.id, method: String(message.method) });
    must(this.#questions.length < MAX_QUESTIONS, "the server asks without end");
  }

  #answerAll(): void {
    for (const { id, method } of this.#questions.splice(0)) {
      this.#channel.receiveText(JSON.stringify({ jsonrpc: "2.0", id, result: goodAnswer(method) }));
    }
  }

  /** Streams last until their client gives them up. */
  #endLasting(): void {
    for (const { id } of this.#ledger.open("subscriptions/listen")) {
      this.#ledger.cancel(id);
      const params = { requestId: id };
      this.#channel.receiveText(JSON.stringify({ jsonrpc: "2.0", method: "notifications/cancelled", params }));
    }
  }
}
