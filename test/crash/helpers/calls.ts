/** Calls of 2026-07-28 with a key, and what an answer says of its operation. */
import { expect } from "vitest";
import { modernRequest, post } from "../../support/raw-http.js";
import { isWireObject, type WireObject } from "../../support/wire-schema.js";

const OPERATION = "dev.holdfast/operation";
let calls = 0;

/** Calls a tool; resolves with the result, rejects when the connection breaks. */
export async function call(url: string, name: string, key: string): Promise<WireObject> {
  calls += 1;
  const meta = { "dev.holdfast/idempotencyKey": key };
  const { message, headers } = modernRequest("tools/call", { name, arguments: {}, _meta: meta }, { id: calls });
  const { reply, status, raw } = await post(url, message, { headers });
  if (!isWireObject(reply?.result)) throw new Error(`answered with ${status}: ${raw.toString("utf8")}`);
  return reply.result;
}

/** A call whose connection is going to break. */
export function broken(url: string, name: string, key: string): Promise<unknown> {
  return expect(call(url, name, key)).rejects.toThrow();
}

export function textOf(result: WireObject): string {
  const [content] = result.content as { text: string }[];
  return content?.text ?? "";
}

export function factsOf(result: WireObject): WireObject | undefined {
  return (result._meta as WireObject | undefined)?.[OPERATION] as WireObject | undefined;
}

export function expectUnknown(result: WireObject): void {
  expect(result).toMatchObject({ isError: true, _meta: { [OPERATION]: { state: "unknown" } } });
  expect(textOf(result)).toContain("was not run again");
}

export function expectDone(result: WireObject, pid: number | undefined): void {
  expect(result.isError ?? false).toBe(false);
  expect(textOf(result)).toBe(`done by ${pid}`);
}
