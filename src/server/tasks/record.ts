/**
 * How a task is kept: a task is an operation with a few journal entries more.
 * - One lasting entry makes it a task: who owns it, its secret, its dates.
 * - What is needed to run it again goes with the outcome, and so do the questions and the answers to them.
 */

import { type JournalEntry, LASTING_ENTRY, type OperationSnapshot } from "../../stores/operations.js";
import { nodeCrypto } from "../../util/crypto.js";
import { randomId, sha256 } from "../../util/ids.js";
import { isObject, type JsonObject, ownObject } from "../../util/json.js";
import type { MaybePromise } from "../../util/maybe-promise.js";
import type { App } from "../app.js";

/** Keys of entries that are none of the author's begin so. */
export const OWN_ENTRY = "dev.holdfast/";
const TASK_ENTRY = `${LASTING_ENTRY}task`;
const CALL_ENTRY = `${OWN_ENTRY}task/call`;
const ASK_ENTRY = `${OWN_ENTRY}task/ask-`;
const ANSWER_ENTRY = `${OWN_ENTRY}task/answer-`;

/** What a handler's run gives when it waits for the task's client: nothing to send. */
export const PARKED: object = Object.freeze({});

/** What does not change about a task. */
export interface TaskFacts {
  /** Half of the task's id: nobody guesses it. */
  readonly secret: string;
  /** The caller it belongs to. */
  readonly owner: string;
  readonly tool: string;
  /** True when a key names it, which is remembered longer than the task. */
  readonly keyed?: true;
  /** Dates are milliseconds since 1970. */
  readonly createdAt: number;
  readonly ttlMs: number | null;
  readonly pollIntervalMs: number;
  /** The arguments as they came in, where the tool's requirement depends on them. */
  readonly args?: JsonObject;
}

/** The call as it came in. */
export interface TaskCall {
  readonly arguments: JsonObject;
  readonly meta: JsonObject;
}

/** What became of a task beside its result. */
export interface TaskEnd {
  readonly at: number;
  readonly cancelled?: true;
}

/** A task as the store has it. */
export interface StoredTask {
  readonly taskId: string;
  readonly key: string;
  readonly facts: TaskFacts;
  readonly snapshot: OperationSnapshot;
}

/** Secret and key: 22 and 43 characters of base64url. The key finds the record, the secret shows who may have it. */
const TASK_ID = /^([\w-]{22})\.([\w-]{43})$/;

export function taskIdOf(facts: TaskFacts, key: string): string {
  return `${facts.secret}.${key}`;
}

/** A key that nothing names but itself. */
export function freshKey(): string {
  return sha256(`task ${randomId()}`);
}

/** The task with this id, if there is one and it is this caller's. */
export async function readTask(app: App, taskId: string, owner: string): Promise<StoredTask | undefined> {
  const [, secret = "", key = ""] = TASK_ID.exec(taskId) ?? [];
  const stored = key === "" ? undefined : await taskAt(app, key);
  if (stored === undefined || stored.facts.owner !== owner) return undefined;
  return nodeCrypto().timingSafeEqual(Buffer.from(stored.facts.secret), Buffer.from(secret)) ? stored : undefined;
}

/** The operation with this key, if it is a task. */
export async function taskAt(app: App, key: string): Promise<StoredTask | undefined> {
  const snapshot = await (app.ledger.inspect(key) as MaybePromise<OperationSnapshot | undefined>);
  if (snapshot === undefined) return undefined;
  const facts = factsIn(snapshot.journal);
  return facts === undefined ? undefined : { taskId: taskIdOf(facts, key), key, facts, snapshot };
}

export function factsIn(journal: readonly JournalEntry[]): TaskFacts | undefined {
  return entry(journal, TASK_ENTRY) as TaskFacts | undefined;
}

export function callIn(journal: readonly JournalEntry[]): TaskCall {
  const call = entry(journal, CALL_ENTRY);
  return {
    arguments: ownObject(call as JsonObject, "arguments") ?? {},
    meta: ownObject(call as JsonObject, "meta") ?? {},
  };
}

/** The entries that make an operation a task; the one that others look for comes last. */
export function taskEntries(facts: TaskFacts, call: TaskCall): readonly [JournalEntry, JournalEntry] {
  return [
    [CALL_ENTRY, JSON.stringify(call)],
    [TASK_ENTRY, JSON.stringify(facts)],
  ];
}

export function askEntry(journal: readonly JournalEntry[], requests: JsonObject, at: number): JournalEntry {
  return [`${ASK_ENTRY}${roundsIn(journal) + 1}`, JSON.stringify({ at, requests })];
}

export function answerEntry(wireKey: string, value: unknown, at: number): JournalEntry {
  return [`${ANSWER_ENTRY}${wireKey}`, JSON.stringify({ at, value })];
}

/** How often the task has asked. */
export function roundsIn(journal: readonly JournalEntry[]): number {
  return journal.filter(([key]) => key.startsWith(ASK_ENTRY)).length;
}

export function answerIn(journal: readonly JournalEntry[], wireKey: string): unknown {
  return (entry(journal, `${ANSWER_ENTRY}${wireKey}`) as JsonObject | undefined)?.value;
}

/** The questions that nobody has answered yet, by their keys on the wire. */
export function outstandingIn(journal: readonly JournalEntry[]): JsonObject {
  const answered = new Set(journal.map(([key]) => key));
  const open: [string, unknown][] = [];
  for (const [key, json] of journal) {
    if (!key.startsWith(ASK_ENTRY)) continue;
    const requests = ownObject(JSON.parse(json) as JsonObject, "requests") ?? {};
    for (const [name, request] of Object.entries(requests)) {
      if (!answered.has(`${ANSWER_ENTRY}${name}`)) open.push([name, request]);
    }
  }
  return Object.fromEntries(open);
}

/** True when nobody works on a task and nobody is waited for: its server died, or stopped and left it to the next. */
export function isIdle({ snapshot }: StoredTask): boolean {
  if (snapshot.state !== "suspended") return snapshot.state === "cut-off";
  return Object.keys(outstandingIn(snapshot.journal)).length === 0;
}

/** When a question or an answer last came. */
export function changedAt(journal: readonly JournalEntry[]): number {
  let last = 0;
  for (const [key, json] of journal) {
    if (!key.startsWith(ASK_ENTRY) && !key.startsWith(ANSWER_ENTRY)) continue;
    last = Math.max(last, (JSON.parse(json) as { at: number }).at);
  }
  return last;
}

function entry(journal: readonly JournalEntry[], name: string): unknown {
  const json = journal.find(([key]) => key === name)?.[1];
  const value: unknown = json === undefined ? undefined : JSON.parse(json);
  return isObject(value) ? value : undefined;
}
