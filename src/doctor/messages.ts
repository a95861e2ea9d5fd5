/** What clients of each revision send. */
import { HEADER, META } from "../protocol/headers.js";
import { LATEST_LEGACY, MODERN } from "../protocol/revisions/index.js";
import type { Asked } from "./wire.js";

const BOTH_FORMS = "application/json, text/event-stream";
const CLIENT = { name: "holdfast-doctor", version: "1.0.0" };
export const JSON_TYPE = "application/json";

type Params = Readonly<Record<string, unknown>>;

export function post(message: unknown, headers: Readonly<Record<string, string>> = {}): Asked {
  const all = { accept: BOTH_FORMS, "content-type": JSON_TYPE, ...headers };
  return { method: "POST", headers: all, body: JSON.stringify(message) };
}

export function request(method: string, params: Params = {}): object {
  return { jsonrpc: "2.0", id: 1, method, params };
}

export function initialize(revision: string = LATEST_LEGACY.version): object {
  return request("initialize", { protocolVersion: revision, capabilities: {}, clientInfo: CLIENT });
}

export const INITIALIZED: object = { jsonrpc: "2.0", method: "notifications/initialized" };

/** A request of 2026-07-28 with its envelope and the headers that mirror it. */
export function modern(method: string, params: Params = {}): Asked {
  const _meta = {
    [META.protocolVersion]: MODERN.version,
    [META.clientInfo]: CLIENT,
    [META.clientCapabilities]: {},
    ...(params._meta as object | undefined),
  };
  const name: Record<string, string> = typeof params.name === "string" ? { [HEADER.name]: params.name } : {};
  const headers = { [HEADER.protocolVersion]: MODERN.version, [HEADER.method]: method, ...name };
  return post(request(method, { ...params, _meta }), headers);
}

/** Headers of a session of the legacy era. */
export function sessionHeaders(id: string | undefined): Record<string, string> {
  const version = { [HEADER.protocolVersion]: LATEST_LEGACY.version };
  return id === undefined ? version : { ...version, [HEADER.sessionId]: id };
}
