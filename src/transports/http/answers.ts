/**
 * Answers of clients to requests of the server (elicitation, sampling, roots) that come to another process than the one
 * that asked: any process that shares the store and the secret serves a session, and a balancer knows nothing of
 * questions. The process that asks listens at an address made of the caller, the session and the id of its question.
 * Whoever has an answer to nothing sends it there: a foreign session id is not opened, so no other caller can name it.
 */
import { messageKind, type ResponseMessage } from "../../protocol/jsonrpc.js";
import type { App } from "../../server/app.js";
import type { LegacySession } from "../../server/session.js";
import type { Unlisten } from "../../stores/relay.js";
import { sha256 } from "../../util/ids.js";
import { isObject } from "../../util/json.js";
import type { MaybePromise } from "../../util/maybe-promise.js";

/** What a session is found by: whom and which route its id is bound to, and its name. */
export interface SessionPlace {
  readonly bound: string;
  readonly sid: string;
}

function addressOf({ bound, sid }: SessionPlace, id: unknown): string {
  return sha256(JSON.stringify([bound, sid, id]));
}

/** Listens for the answer to one question; undefined where the store takes nothing from process to process. */
export function listenForAnswer(
  app: App,
  question: SessionPlace & { readonly id: number },
  answered: (message: ResponseMessage) => void,
): MaybePromise<Unlisten> | undefined {
  return app.store.relay?.listen(addressOf(question, question.id), (text) => {
    const message = decode(text);
    if (message?.id === question.id) answered(message);
  });
}

const NONE: readonly ResponseMessage[] = [];

/** Answers in a body that nobody in this process waits for. */
export function straysOf(app: App, session: LegacySession, body: unknown): readonly ResponseMessage[] {
  const messages = Array.isArray(body) ? batchOf(app, session, body) : isStray(session, body) ? [body] : NONE;
  // Looked for last: a store makes its relay when it is first used.
  return messages.length === 0 || app.store.relay === undefined ? NONE : (messages as readonly ResponseMessage[]);
}

/** Batches of other revisions, or too long ones, are refused whole, and nothing of them is done. */
function batchOf(app: App, session: LegacySession, batch: readonly unknown[]): readonly unknown[] {
  if (!session.revision.batches || batch.length > app.limits.maxBatch) return NONE;
  return batch.filter((one) => isStray(session, one));
}

/** Ids of questions are numbers. */
function isStray(session: LegacySession, message: unknown): boolean {
  if (!isObject(message) || Object.hasOwn(message, "method") || messageKind(message) !== "response") return false;
  return typeof message.id === "number" && !session.awaits(message.id);
}

/** What to do when answers are where they belong, or belong to nobody; and when there is no way for them now. */
export interface Forwarding {
  readonly done: () => void;
  readonly refused: (why: string) => void;
}

/** Takes answers to the processes that wait for them; those that nobody waits for are dropped. */
export function forwardAnswers(
  app: App,
  answers: readonly ResponseMessage[],
  { place, done, refused }: Forwarding & { readonly place: SessionPlace },
): void {
  const sendAll = async () =>
    Promise.all(answers.map(async (one) => app.store.relay?.send(addressOf(place, one.id), JSON.stringify(one))));
  const fail = (error: unknown) => {
    app.logger.log("error", "answer_not_forwarded", { error });
    refused("The answer cannot be taken to where it belongs");
  };
  sendAll()
    .then((all) => (all.includes("full") ? refused("Too many answers wait to be taken to where they belong") : done()))
    .catch(fail);
}

/** What another process sent; it was checked there, but what a store holds may be damaged. */
function decode(text: string): ResponseMessage | undefined {
  try {
    const message: unknown = JSON.parse(text);
    return messageKind(message) === "response" ? (message as ResponseMessage) : undefined;
  } catch {
    return undefined;
  }
}
