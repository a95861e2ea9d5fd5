/** HTTP requests of clients, and how they go wrong. */
import type { Body } from "../../../src/transports/http/types.js";
import type { Dice } from "./dice.js";
import type { Asked } from "./exchange.js";
import { EVENT_IDS, type Headers, mutatedHeaders } from "./header-values.js";
import { mutateJson, oddString, oddValue, writeJson } from "./json.js";
import { ENVELOPE, frame, initialize, LEGACY, MODERN, message, request, type Spoken } from "./messages.js";
import { mutateText } from "./text.js";

/** Stand for what earlier replies of the same visit brought; and, in a first request, for sessions made before. */
export const LEARNED = { session: "<session>", event: "<event>", sse: "<sse>" } as const;

/** A request as plain data; `sessions` are live ids a client may have. */
export interface Asking extends Asked {
  readonly headers: Readonly<Record<string, string>>;
}

const JSON_TYPE = { "content-type": "application/json", accept: "application/json, text/event-stream" };
const METHODS = [
  "POST",
  "GET",
  "DELETE",
  "OPTIONS",
  "HEAD",
  "PUT",
  "PATCH",
  "post",
  "TRACE",
  "CONNECT",
  "__proto__",
  "",
];
const PATHS = ["/mcp", "/sse", "/messages", "/health", "/ready", "/", "", "/mcp/", "//mcp", "/MCP", "/mcp/../sse", "*"];

/** One request; `sessions` are ids of sessions that are alive, with the revision of each. */
export function asking(dice: Dice, sessions: readonly { readonly id: string; readonly revision: Spoken }[]): Asking {
  let asked = wellFormed(dice, sessions);
  for (let left = dice.pick([0, 0, 1, 1, 2, 3]); left > 0; left -= 1) asked = mutated(dice, asked);
  return asked;
}

function wellFormed(dice: Dice, sessions: readonly { readonly id: string; readonly revision: Spoken }[]): Asking {
  const session = dice.pick(sessions);
  const id = dice.flip(3) ? LEARNED.session : session.id;
  const inSession = { "mcp-session-id": id, "mcp-protocol-version": session.revision };
  switch (dice.below(10)) {
    case 0:
    case 1:
      return modernPost(dice);
    case 2:
    case 3:
      return post("/mcp", legacyBody(dice, session.revision), inSession);
    case 4:
      return post("/mcp", json(request(dice, "2025-03-26")));
    case 5:
      return post("/mcp", json({ jsonrpc: "2.0", id: 1, ...initialize(dice.pick(LEGACY)) }));
    case 6:
      return bare("GET", "/mcp", { accept: "text/event-stream", ...inSession, ...resumed(dice) });
    case 7:
      return bare("GET", "/sse", { accept: "text/event-stream", ...resumed(dice) });
    case 8:
      return { ...post("/messages", legacyBody(dice, "2024-11-05")), query: `sessionId=${LEARNED.sse}` };
    default:
      return dice.pick([
        bare("DELETE", "/mcp", inSession),
        bare("GET", "/health"),
        bare("HEAD", "/ready"),
        bare("OPTIONS", "/mcp", {
          origin: "https://page.test",
          "access-control-request-method": "POST",
          "access-control-request-headers": "content-type, mcp-param-region",
        }),
      ]);
  }
}

function resumed(dice: Dice): Headers {
  return dice.flip(2) ? { "last-event-id": dice.flip(3) ? dice.pick(EVENT_IDS) : LEARNED.event } : {};
}

function legacyBody(dice: Dice, revision: Spoken): Body {
  return { ok: true, text: frame(dice, revision).text };
}

/** A request of 2026-07-28 with the headers that mirror it. */
function modernPost(dice: Dice): Asking {
  const value = dice.flip(6) ? mirrored(dice) : request(dice, MODERN);
  const { method, params } = value as { method: string; params?: { name?: unknown; uri?: unknown } };
  const name = params?.name ?? params?.uri;
  const headers: Headers = { "mcp-protocol-version": MODERN, "mcp-method": method };
  if (typeof name === "string") headers["mcp-name"] = name;
  if (name === "mirror") Object.assign(headers, { "mcp-param-region": "eu", "mcp-param-count": "3" });
  if (name === "mirror") headers["mcp-param-dry-run"] = "false";
  const body = dice.flip(3) ? mutateJson(dice, value) : value;
  return post("/mcp", json(body), headers);
}

function mirrored(dice: Dice): object {
  const args = {
    region: dice.flip(4) ? oddString(dice) : "eu",
    count: dice.flip(4) ? oddValue(dice, 0) : 3,
    dry: false,
  };
  return { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "mirror", arguments: args, _meta: ENVELOPE } };
}

function json(value: unknown): Body {
  return { ok: true, text: writeJson(value).text };
}

function post(path: string, body: Body, headers: Headers = {}): Asking {
  return { ...bare("POST", path, { ...JSON_TYPE, ...headers }), body };
}

function bare(method: string, path: string, headers: Headers = {}): Asking {
  const body: Body = { ok: true, text: "" };
  const at = { query: "", late: false, localAddress: "127.0.0.1" };
  return { method, path, ...at, headers: { host: "127.0.0.1:8000", ...headers }, body };
}

function mutated(dice: Dice, asked: Asking): Asking {
  switch (dice.below(9)) {
    case 0:
      return { ...asked, method: dice.pick(METHODS) };
    case 1:
      return { ...asked, path: dice.flip(3) ? mutateText(dice, asked.path) : dice.pick(PATHS) };
    case 2:
      return { ...asked, query: oddQuery(dice, asked.query) };
    case 3:
      return { ...asked, body: oddBody(dice, asked.body) };
    case 4:
      return { ...asked, late: !asked.late };
    default:
      return { ...asked, headers: mutatedHeaders(dice, asked.headers) };
  }
}

function oddQuery(dice: Dice, query: string): string {
  const queries = [
    "sessionId=",
    "sessionId=a&sessionId=b",
    "sessionId=__proto__",
    "=&&=",
    "sessionId=%ff",
    "a".repeat(5000),
  ];
  return dice.flip(2) ? mutateText(dice, query) : dice.pick(queries);
}

function oddBody(dice: Dice, body: Body): Body {
  switch (dice.below(6)) {
    case 0:
      return { ok: true, value: dice.flip(2) ? message(dice, MODERN) : oddValue(dice) };
    case 1:
      return { ok: false, reason: dice.pick(["too-large", "busy", "not-utf8"]) };
    case 2:
      return { ok: true, text: "x".repeat(dice.pick([0, 1, 65_535, 65_536, 65_537])) };
    default:
      return { ok: true, text: mutateText(dice, body.ok ? (body.text ?? "{}") : "{}") };
  }
}
