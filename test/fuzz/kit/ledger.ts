/**
 * What a server owes and what it paid. Ids repeat, answers come in any order, so who was answered by what is settled at
 * the end: every answer must fit a request of its own.
 */
import { judge } from "./judge.js";
import { MODERN } from "./messages.js";
import { type Id, isMembers } from "./reference.js";
import { must } from "./target.js";

/** What is told of the answers that would not do. */
const MOST_REASONS = 3;
const REASON_LENGTH = 400;
const INVALID_REQUEST = -32_600;

export interface Owed {
  readonly id: Id;
  /** Undefined for a message that was no request. */
  readonly method: string | undefined;
  readonly revision: string;
  /** The client gave it up: there may be an answer or not. */
  cancelled: boolean;
}

export interface Answer {
  readonly id: Id;
  readonly message: Readonly<Record<string, unknown>>;
  /** Its text after the id. */
  readonly rest: string;
}

export class Ledger {
  #owed: Owed[] = [];
  readonly #answers: Answer[] = [];

  /** How many answers are out. */
  get missing(): number {
    return this.#owed.length - this.#answers.length;
  }

  /** How many of those need not come. */
  get forgiven(): number {
    return this.#owed.filter(({ cancelled }) => cancelled).length;
  }

  enter(owed: Owed): void {
    this.#owed.push(owed);
  }

  /** Requests of `method` that have no answer yet, as far as their ids say. */
  open(method: string): readonly Owed[] {
    return this.#owed.filter((owed) => owed.method === method && this.#isOpen(owed.id));
  }

  cancel(id: unknown): void {
    for (const owed of this.#owed) if (owed.id === id && this.#isOpen(owed.id)) owed.cancelled = true;
  }

  /** How many answers have come. */
  get paid(): number {
    return this.#answers.length;
  }

  /** Takes back what a frame entered that was refused as a whole. */
  strike(entries: readonly Owed[]): void {
    this.#owed = this.#owed.filter((owed) => !entries.includes(owed));
  }

  pay(answer: Answer): void {
    this.#answers.push(answer);
    const { id } = answer;
    const due = this.#owed.filter((owed) => owed.id === id).length;
    const paid = this.#answers.filter((one) => one.id === id).length;
    must(paid <= due, () => `nobody asked, or it was answered before: ${JSON.stringify(answer.message)}`);
  }

  /** Throws unless every answer fits a request of its own, and only what was cancelled has none. */
  balance(): void {
    const payer = new Map<Answer, Owed>();
    const failures: unknown[] = [];
    // Those that must be paid come first: what is matched once stays matched.
    for (const owed of this.#owed.filter(({ cancelled }) => !cancelled)) {
      const paid = this.#place(owed, payer, new Set(), failures);
      must(paid, () => `never answered: ${JSON.stringify(owed)}${because(failures)}`);
    }
    for (const owed of this.#owed) if (owed.cancelled) this.#place(owed, payer, new Set(), failures);
    const stray = this.#answers.find((answer) => !payer.has(answer));
    must(stray === undefined, () => `answers nobody: ${JSON.stringify(stray?.message)}${because(failures)}`);
  }

  /** Finds an answer to `owed`, giving others another one where that helps (augmenting paths). */
  #place(owed: Owed, payer: Map<Answer, Owed>, tried: Set<Answer>, failures: unknown[]): boolean {
    for (const answer of this.#answers) {
      if (answer.id !== owed.id || tried.has(answer)) continue;
      try {
        assertFits(answer, owed);
      } catch (error) {
        failures.push(error);
        continue;
      }
      tried.add(answer);
      const other = payer.get(answer);
      if (other === undefined || this.#place(other, payer, tried, failures)) {
        payer.set(answer, owed);
        return true;
      }
    }
    return false;
  }

  #isOpen(id: Id): boolean {
    const due = this.#owed.filter((owed) => owed.id === id).length;
    return due > this.#answers.filter((answer) => answer.id === id).length;
  }
}

/** Why answers with the right id would not do. */
function because(failures: readonly unknown[]): string {
  const texts = failures.map((failure) => (failure instanceof Error ? failure.message : String(failure)));
  return [...new Set(texts)]
    .slice(0, MOST_REASONS)
    .map((text) => `\n${text.slice(0, REASON_LENGTH)}`)
    .join("");
}

/** Throws unless `answer` may answer `owed`. */
function assertFits({ message, rest }: Answer, { method, revision }: Owed): void {
  const { result, error } = message;
  if (method === undefined) {
    const refused = isMembers(error) && error.code === INVALID_REQUEST;
    must(refused, () => `no request, yet answered with ${JSON.stringify(message)}`);
  }
  // The answer to `initialize` says itself which revision it is in.
  const named = method === "initialize" && isMembers(result) ? result.protocolVersion : undefined;
  // The schemas of older revisions allow members they do not know.
  if (revision !== MODERN && isMembers(result)) must(!("resultType" in result), "a legacy result has a resultType");
  judge(message, rest, typeof named === "string" ? named : revision, method);
}
