/** `holdfast dev` in a process of its own, read by its events. */

import type { Running } from "../../cli/helpers/cli.js";
import { until } from "../../faults/helpers/until.js";

/** Above what a busy machine takes to start two processes. */
export const START_MS = 25_000;

export type DevEvent = Readonly<Record<string, unknown>> & { readonly event: string };

export function eventsOf({ stdout }: Running): readonly DevEvent[] {
  const lines = stdout().split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as DevEvent);
}

export function named(server: Running, event: string): readonly DevEvent[] {
  return eventsOf(server).filter((one) => one.event === event);
}

export async function started(server: Running, times = 1): Promise<{ readonly url: string; readonly page: string }> {
  await until(`it has started ${times} times`, () => named(server, "ready").length >= times, START_MS);
  const [{ url, page } = { url: "", page: "" }] = named(server, "start");
  return { url: String(url), page: String(page) };
}

export function rpc(method: string, params: object = {}, id: number | string = 1): string {
  return JSON.stringify({ jsonrpc: "2.0", id, method, params });
}

export const HEADERS = { "content-type": "application/json", accept: "application/json, text/event-stream" };

/** A call without a session; the text of its answer, or of whatever came instead. */
export async function call(url: string, name: string, args: object = {}): Promise<string> {
  const body = rpc("tools/call", { name, arguments: args });
  const answer = await (await fetch(url, { method: "POST", headers: HEADERS, body })).text();
  return /"text":"((?:[^"\\]|\\.)*)"/.exec(answer)?.[1] ?? answer;
}
