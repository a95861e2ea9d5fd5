import { ErrorCode, McpError } from "../../errors.js";
import { own } from "../../util/json.js";
import { chain, type MaybePromise } from "../../util/maybe-promise.js";
import type { App } from "../app.js";
import type { Call } from "../call.js";
import type { Section } from "../catalogue.js";
import type { Entry } from "../entries.js";
import { Prepared } from "../prepared.js";

const CURSOR_PREFIX = "i:";

/** A cursor is an index into the catalogue: stable as long as registrations only come at the end. */
export function encodeCursor(index: number): string {
  return Buffer.from(`${CURSOR_PREFIX}${index}`).toString("base64url");
}

/** Where a list request starts; -32602 for a cursor we did not make (2026-07-28, pagination, "Error Handling"). */
export function startOf(call: Call): number {
  const cursor = own(call.params, "cursor");
  if (cursor === undefined) return 0;
  const text = typeof cursor === "string" ? Buffer.from(cursor, "base64url").toString() : "";
  const index = Number(text.slice(CURSOR_PREFIX.length));
  if (text.startsWith(CURSOR_PREFIX) && Number.isSafeInteger(index) && index > 0) return index;
  throw new McpError(ErrorCode.InvalidParams, "Invalid cursor: send one that a previous page returned, or none");
}

/** Answers a list request from prepared texts. */
export function listPage<E extends Entry>(call: Call, section: Section<E>, member: string): MaybePromise<object> {
  return chain(section.page(call.peer, startOf(call), call.app.pageSize), (page) => {
    const next = page.nextIndex === undefined ? "" : `,"nextCursor":${JSON.stringify(encodeCursor(page.nextIndex))}`;
    return new Prepared(`{"${member}":[${page.itemsJson}]${next}${cacheMembers(call, section.open)}}`);
  });
}

/** The cache hints every list carries on 2026-07-28: shared caches may keep it only when all callers see the same. */
export function cacheMembers(call: Call, open: boolean): string {
  if (call.peer.revision.era === "legacy") return "";
  const { ttlMs, cacheScope } = listCache(call.app, open);
  return `,"ttlMs":${ttlMs},"cacheScope":"${cacheScope}"`;
}

/** Stale at once unless the author says otherwise: a list may change at run time, and not every client listens. */
export function listCache(app: App, open: boolean): { readonly ttlMs: number; readonly cacheScope: string } {
  const { cache } = app;
  const shareable = open && cache?.cacheScope !== "private";
  return { ttlMs: cache?.ttlMs ?? 0, cacheScope: shareable ? "public" : "private" };
}
