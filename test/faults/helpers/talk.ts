/** What a client of any transport can do in these tests, and the messages it does it with. */
import { modernMeta } from "../../support/raw-http.js";
import type { Revision, WireObject } from "../../support/wire-schema.js";

export type Id = string | number;

export interface Talk {
  /** Sends text and resolves with the one message that comes back. */
  ask(text: string): Promise<WireObject>;
  /** Sends text that is answered with nothing. */
  tell(text: string): Promise<void>;
  /** Calls the tool `wait`; resolves when the request is on its way. */
  begin(id: Id): Promise<void>;
  /** Takes the call back, as clients of this transport do. */
  cancel(id: Id): Promise<void>;
  /** Answers so far to calls that were begun with this id. */
  answers(id: Id): readonly WireObject[];
  close(): Promise<void>;
}

/** The call that lasts until the tool `release` is called. */
export const WAIT = { name: "wait", _meta: { progressToken: "wait" } };

/** A request as text, so that any id can stand in it; 2026-07-28 has its envelope in every request. */
export function requestText(revision: Revision, id: string, method: string, params: WireObject = {}): string {
  const { _meta, ...others } = params;
  const meta = revision === "2026-07-28" ? { ...modernMeta(), ...(_meta as WireObject) } : _meta;
  const all = meta === undefined ? others : { ...others, _meta: meta };
  return `{"jsonrpc":"2.0","id":${id},"method":"${method}","params":${JSON.stringify(all)}}`;
}

/** True for the answer to a request of this id. */
export const isAnswer = (id: Id) => (message: WireObject) => message.id === id && !("method" in message);
/** The notification that takes a request back. */
export const cancelled = (requestId: Id) => ({
  jsonrpc: "2.0",
  method: "notifications/cancelled",
  params: { requestId },
});

/** The one message of an answer. */
export async function only(answer: Promise<{ readonly messages: readonly WireObject[] }>): Promise<WireObject> {
  const [message, ...more] = (await answer).messages;
  if (message === undefined || more.length > 0) throw new Error(`${more.length + 1} messages instead of one`);
  return message;
}

/** Throws unless a POST was taken and answered with nothing. */
export function expectAccepted({ status, raw }: { readonly status: number; readonly raw: Buffer }): void {
  if (status !== 202 || (raw.length > 0 && raw.toString() !== "Accepted")) {
    throw new Error(`not accepted: ${status} ${raw.toString("utf8")}`);
  }
}
