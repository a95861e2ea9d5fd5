/** Valid messages of clients, and how they go wrong. */

import { ITEM_URI, STATIC_URI } from "./definition.js";
import type { Dice } from "./dice.js";
import { mutateJson, oddObject, oddValue, type Written, writeJson } from "./json.js";
import { mutateText } from "./text.js";

export const LEGACY = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] as const;
export const MODERN = "2026-07-28";
export type Spoken = (typeof LEGACY)[number] | typeof MODERN;

const META = "io.modelcontextprotocol/";
const CAPABILITIES = { elicitation: {}, sampling: { tools: {} }, roots: { listChanged: true } };
const CLIENT = { name: "fuzz-client", version: "1.0.0" };

export const ENVELOPE = {
  [`${META}protocolVersion`]: MODERN,
  [`${META}clientInfo`]: CLIENT,
  [`${META}clientCapabilities`]: CAPABILITIES,
} as const;

export interface Shape {
  readonly method: string;
  readonly params?: object;
}

const call = (name: string, args?: object): Shape => {
  return { method: "tools/call", params: args === undefined ? { name } : { name, arguments: args } };
};

/** Requests that work on any revision. */
const COMMON: readonly Shape[] = [
  { method: "tools/list" },
  call("echo", { text: "hello" }),
  call("add", { a: 1, b: 2 }),
  call("add", { a: 1.5 }),
  call("any", { a: [1, "b", null, { c: true }] }),
  call("late", { text: "hello" }),
  call("mirror", { region: "eu", count: 3, dry: false }),
  call("speak"),
  call("blocks"),
  call("fail"),
  call("refuse"),
  call("secret"),
  call("touch"),
  call("ask", {}),
  call("steps", { text: "x" }),
  call("sample"),
  call("roots"),
  { method: "resources/list" },
  { method: "resources/templates/list", params: {} },
  { method: "resources/read", params: { uri: STATIC_URI } },
  { method: "resources/read", params: { uri: ITEM_URI } },
  { method: "resources/read", params: { uri: "fuzz://files/a/b%2Fc" } },
  { method: "resources/read", params: { uri: "fuzz://blob" } },
  { method: "prompts/list", params: { cursor: "aToy" } },
  { method: "prompts/list" },
  { method: "prompts/get", params: { name: "greet", arguments: { name: "Ada" } } },
  { method: "prompts/get", params: { name: "ask_prompt" } },
  complete({ type: "ref/prompt", name: "greet" }, { name: "style", value: "p" }),
  complete({ type: "ref/resource", uri: "fuzz://items/{id}{?q}" }, { name: "id", value: "" }),
];

const LEGACY_ONLY: readonly Shape[] = [
  { method: "ping" },
  { method: "logging/setLevel", params: { level: "debug" } },
  { method: "resources/subscribe", params: { uri: STATIC_URI } },
  { method: "resources/unsubscribe", params: { uri: STATIC_URI } },
  initialize("2025-03-26"),
  initialize("2025-11-25"),
];

const NOTIFICATIONS = {
  toolsListChanged: true,
  resourceSubscriptions: [STATIC_URI, "fuzz://nothing"],
};
const MODERN_ONLY: readonly Shape[] = [
  { method: "server/discover" },
  { method: "subscriptions/listen", params: { notifications: NOTIFICATIONS } },
];

function complete(ref: object, argument: object): Shape {
  return { method: "completion/complete", params: { ref, argument, context: { arguments: {} } } };
}

export function initialize(protocolVersion: string): Shape {
  return { method: "initialize", params: { protocolVersion, capabilities: CAPABILITIES, clientInfo: CLIENT } };
}

const LEGACY_REQUESTS = [...COMMON, ...LEGACY_ONLY];
const MODERN_REQUESTS = [...COMMON, ...MODERN_ONLY];
const CLIENT_NOTIFICATIONS: readonly Shape[] = [
  { method: "notifications/initialized" },
  { method: "notifications/cancelled", params: { requestId: 1, reason: "enough" } },
  { method: "notifications/cancelled", params: { requestId: 2 } },
  { method: "notifications/progress", params: { progressToken: 1, progress: 1 } },
  { method: "notifications/roots/list_changed" },
];

/** Stands for the id of a question the server has open: which one that is, is known when the message is sent. */
export const ASKED = "\uf8feasked";
const ANSWERS: readonly object[] = [
  { result: { action: "accept", content: { name: "Ada" } } },
  { result: { action: "decline" } },
  { result: { role: "assistant", content: { type: "text", text: "Hi" }, model: "m" } },
  { result: { roots: [{ uri: "file:///tmp" }] } },
  { result: {} },
  { error: { code: -1, message: "no" } },
];

const IDS = [1, 2, 3, "a", "b", 0, "", "0", -1, 2 ** 53 - 1, 1.5, 2 ** 53, null, "__proto__", "x".repeat(1025)];

/** A request of `revision` as a client of it writes one. */
export function request(dice: Dice, revision: Spoken): Record<string, unknown> {
  const { method, params } = dice.pick(revision === MODERN ? MODERN_REQUESTS : LEGACY_REQUESTS);
  const id = dice.flip(4) ? dice.pick(IDS) : dice.between(1, 9);
  const meta = metaOf(dice, revision);
  const withMeta = meta === undefined ? params : { ...params, _meta: meta };
  return withMeta === undefined ? { jsonrpc: "2.0", id, method } : { jsonrpc: "2.0", id, method, params: withMeta };
}

function metaOf(dice: Dice, revision: Spoken): object | undefined {
  const progress = dice.flip(4) ? { progressToken: dice.flip(3) ? oddValue(dice, 1) : dice.below(3) } : undefined;
  // Now and then the other era's manners.
  if (revision !== MODERN) return dice.flip(20) ? ENVELOPE : progress;
  if (dice.flip(30)) return progress;
  const level = dice.flip(3) ? { [`${META}logLevel`]: "debug" } : undefined;
  return { ...ENVELOPE, ...progress, ...level };
}

/** Any message of a client, right or wrong in a few places. */
export function message(dice: Dice, revision: Spoken): unknown {
  let value: unknown = original(dice, revision);
  for (let left = dice.pick([0, 0, 1, 1, 1, 2, 3]); left > 0; left -= 1) value = mutateJson(dice, value);
  return value;
}

function original(dice: Dice, revision: Spoken): unknown {
  const kind = dice.below(12);
  if (kind < 8) return request(dice, revision);
  if (kind === 8) return { jsonrpc: "2.0", ...dice.pick(CLIENT_NOTIFICATIONS) };
  if (kind < 11) return { jsonrpc: "2.0", id: dice.flip(5) ? dice.pick(IDS) : ASKED, ...dice.pick(ANSWERS) };
  return dice.flip(2) ? oddValue(dice) : oddObject(dice);
}

/** One frame: a message or a batch as text, now and then with characters changed. */
export function frame(dice: Dice, revision: Spoken): Written {
  const batch = dice.flip(revision === "2025-03-26" ? 5 : 40);
  const value = batch ? batchOf(dice, revision) : message(dice, revision);
  const written = writeJson(value);
  return dice.flip(10) ? { text: mutateText(dice, written.text), plain: false } : written;
}

/** A few messages; now and then more than are allowed. */
function batchOf(dice: Dice, revision: Spoken): readonly unknown[] {
  if (dice.flip(60)) return Array.from({ length: dice.between(99, 102) }, (_, id) => ({ jsonrpc: "2.0", id }));
  return dice.several(6, () => message(dice, revision));
}

/** What a client with a willing user answers to a question of the server. */
export function goodAnswer(method: string): object {
  if (method === "elicitation/create") return { action: "accept", content: { name: "Ada" } };
  if (method === "sampling/createMessage") {
    return { role: "assistant", content: { type: "text", text: "Hi" }, model: "m" };
  }
  return { roots: [{ uri: "file:///tmp" }] };
}
