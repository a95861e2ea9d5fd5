/** What an answer says: the outcome itself, and whether it was recorded before its call came. */
import { expect } from "vitest";
import { isWireObject, type WireObject } from "../../support/wire-schema.js";

const OPERATION = "dev.holdfast/operation";
const SERVER = "io.modelcontextprotocol/serverInfo";

/** What the ledger says of an answer in `_meta`; undefined on the answer of the call that did the work. */
export function facts(answer: WireObject): WireObject | undefined {
  const meta = isWireObject(answer.result) && isWireObject(answer.result._meta) ? answer.result._meta : {};
  return meta[OPERATION] as WireObject | undefined;
}

/** The outcome without what differs between calls and revisions: the id, the facts, what 2026-07-28 adds to results. */
export function outcome(answer: WireObject): unknown {
  if (!isWireObject(answer.result)) return answer.error;
  const { _meta, resultType: _type, ...result } = answer.result;
  const { [OPERATION]: _facts, [SERVER]: _server, ...meta } = isWireObject(_meta) ? _meta : {};
  return { ...result, _meta: meta };
}

/** The second answer is the outcome of the first one, and says so. */
export function expectReplay(first: WireObject, second: WireObject, operationId?: string): void {
  expect(outcome(second)).toEqual(outcome(first));
  // What was unknown stays so.
  const { state } = (facts(first) ?? {}) as { readonly state?: string };
  const told = { id: operationId ?? expect.any(String), replayed: true };
  expect(facts(second)).toEqual(state === undefined ? told : { ...told, state });
  expect(second.id).not.toBe(first.id);
}

/** The second answer has an outcome of its own. */
export function expectOther(first: WireObject, second: WireObject): void {
  for (const answer of [first, second]) {
    expect(answer).toHaveProperty("result");
    expect(facts(answer)).toBeUndefined();
  }
  expect(outcome(second)).not.toEqual(outcome(first));
}

export function textOf(answer: WireObject): string {
  const { content } = (answer.result ?? {}) as { readonly content?: readonly { readonly text?: string }[] };
  return String(content?.[0]?.text);
}

/** A JSON-RPC error with this code; returns its message. */
export function expectError(answer: WireObject, code: number): string {
  expect(answer).toMatchObject({ error: { code, message: expect.any(String) } });
  return (answer.error as { readonly message: string }).message;
}
