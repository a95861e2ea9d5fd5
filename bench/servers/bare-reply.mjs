/**
 * What the bare servers answer: the least that the exchange needs, with no check of anything. `listen` gives a
 * `tools/list` result that was measured off another server, so that both send the same bytes.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

const MODERN = "io.modelcontextprotocol/protocolVersion";
const state = { listed: JSON.stringify({ tools: [] }) };

export function canned(text) {
  state.listed = text;
  return true;
}

const result = (id, value) => JSON.stringify({ jsonrpc: "2.0", id, result: value });

/** `{ status, session?, body? }`, or `{ events }` for a stream, or a promise of one. */
export function reply({ id, method, params }) {
  if (id === undefined) return { status: 202 };
  if (method === "initialize") {
    const serverInfo = { name: "bare", version: "1.0.0" };
    const { protocolVersion } = params;
    const body = result(id, { protocolVersion, capabilities: { tools: { listChanged: true } }, serverInfo });
    return { status: 200, session: randomUUID(), body };
  }
  if (method === "tools/list") return { status: 200, body: `{"jsonrpc":"2.0","id":${id},"result":${state.listed}}` };
  const { name, arguments: args } = params;
  if (name === "progress") return { status: 200, events: progressEvents(id, params) };
  if (name === "wait") return sleep(args.ms).then(() => ({ status: 200, body: textResult(id, params, "waited") }));
  return { status: 200, body: textResult(id, params, args.text) };
}

function textResult(id, params, text) {
  const content = [{ type: "text", text }];
  return result(id, params._meta?.[MODERN] === undefined ? { content } : { resultType: "complete", content });
}

function* progressEvents(id, params) {
  const { n, text } = params.arguments;
  const { progressToken } = params._meta;
  for (let progress = 1; progress <= n; progress++) {
    const notice = { progressToken, progress, total: n };
    yield frame(JSON.stringify({ jsonrpc: "2.0", method: "notifications/progress", params: notice }));
  }
  yield frame(textResult(id, params, text));
}

export function frame(json) {
  return `event: message\ndata: ${json}\n\n`;
}

export const CHANGED = frame(JSON.stringify({ jsonrpc: "2.0", method: "notifications/tools/list_changed" }));
