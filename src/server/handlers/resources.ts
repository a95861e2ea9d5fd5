import { ErrorCode, McpError, PermissionError } from "../../errors.js";
import type { Resource, ResourceContents } from "../../protocol/types.js";
import { isObject, type JsonObject, ownString } from "../../util/json.js";
import { chain, type MaybePromise } from "../../util/maybe-promise.js";
import { type Access, accessible, judge } from "../access.js";
import type { Call } from "../call.js";
import { CallContext } from "../context.js";
import type { ResourceEntry, TemplateEntry } from "../entries.js";
import type { CacheHint } from "../types.js";
import { listCache, listPage } from "./pages.js";
import { runHandler } from "./run.js";

/** `resources/templates/list`. */
export function listTemplates(call: Call): MaybePromise<object> {
  return listPage(call, call.app.catalogue.templates, "resourceTemplates");
}

/** `resources/list`: fixed resources from prepared texts; on the last page also what templates list. */
export function listResources(call: Call): MaybePromise<object> {
  const { resources, templates } = call.app.catalogue;
  const listing = templates.entries.filter((entry) => entry.template.list !== undefined);
  if (listing.length === 0) return listPage(call, resources, "resources");
  return listWithTemplates(call, listing);
}

async function listWithTemplates(call: Call, listing: readonly TemplateEntry[]): Promise<object> {
  const { resources } = call.app.catalogue;
  const prepared = await listPage(call, resources, "resources");
  const shared = ("value" in prepared ? prepared.value : prepared) as JsonObject & { resources: object[] };
  // What templates list may depend on the caller; one scope holds for all pages (2026-07-28, caching, "Pagination").
  const page = call.peer.revision.era === "modern" ? { ...shared, cacheScope: "private" } : shared;
  if (page.nextCursor !== undefined) return page;
  const seen = await accessible(listing, call.peer);
  const ctx = new CallContext(call);
  const lists = await Promise.all(seen.map((entry) => entry.template.list?.(ctx)));
  const found = lists.flatMap((list, index) => (list?.resources ?? []).map((one) => describe(one, seen[index])));
  return { ...page, resources: [...page.resources, ...found.map((one) => call.peer.revision.resource(one))] };
}

/** What a template says of its resources holds for each, unless the resource says otherwise. */
function describe(resource: Resource, entry: TemplateEntry | undefined): Resource {
  if (entry === undefined) return resource;
  const { mimeType, description, title } = entry.info;
  return { ...(mimeType && { mimeType }), ...(description && { description }), ...(title && { title }), ...resource };
}

interface Reading {
  readonly entry: ResourceEntry | TemplateEntry;
  readonly read: (uri: URL, ctx: CallContext) => unknown;
}

/** `resources/read`. */
export function readResource(call: Call): MaybePromise<object> {
  const uri = uriOf(call);
  return chain(findReading(call, uri), (reading) => {
    const url = URL.canParse(uri) ? new URL(uri) : undefined;
    if (url === undefined || !isReading(reading)) throw refused(call, uri, reading);
    return runHandler(call, {
      work: () => reading.read(url, new CallContext(call)),
      timeoutMs: undefined,
      finish: (value) => finishRead(call, value, reading.entry.cache),
      recover: (error) => {
        throw error;
      },
    });
  });
}

/** The `uri` parameter; -32602 without one. */
export function uriOf(call: Call): string {
  const uri = ownString(call.params, "uri");
  if (uri === undefined) throw new McpError(ErrorCode.InvalidParams, `${call.method} needs a uri (a string)`);
  return uri;
}

/** True when there is something at `uri` and the caller may read it. */
export function mayRead(call: Call, uri: string): MaybePromise<boolean> {
  return chain(findReading(call, uri), isReading);
}

type Found = Reading | Exclude<Access, true>;

function isReading(found: Found): found is Reading {
  return found !== false && "read" in found;
}

/** The first registration that answers `uri` and that the caller may access; else why there is none. */
function findReading(call: Call, uri: string): MaybePromise<Found> {
  const { resources, templates } = call.app.catalogue;
  const fixed = resources.get(uri);
  if (fixed === undefined) return findTemplate(call, uri, templates.entries, { from: 0, denied: false });
  const reading: Reading = { entry: fixed, read: (url, ctx) => fixed.read(url, ctx) };
  return chain(judge(fixed, call.peer, { uri }), (access) => (access === true ? reading : access));
}

function findTemplate(
  call: Call,
  uri: string,
  entries: readonly TemplateEntry[],
  { from, denied }: { readonly from: number; readonly denied: Exclude<Access, true> },
): MaybePromise<Found> {
  for (let index = from; index < entries.length; index += 1) {
    const entry = entries[index];
    const variables = entry?.template.uriTemplate.match(uri);
    if (entry === undefined || variables === undefined) continue;
    return chain(judge(entry, call.peer, { uri, ...variables }), (access) => {
      // The first denial is told if nothing else answers.
      if (access !== true) return findTemplate(call, uri, entries, { from: index + 1, denied: denied || access });
      return { entry, read: (url, ctx) => entry.read(url, variables, ctx) };
    });
  }
  return denied;
}

function refused(call: Call, uri: string, found: Found): Error {
  if (found === false || isReading(found)) {
    call.record?.deny(exists(call, uri) ? "hidden" : "unknown");
    return notFound(call, uri);
  }
  return new PermissionError(found.permissions, `resource ${uri}`);
}

/** True when something is registered at `uri`, whoever asks. */
function exists({ app: { catalogue } }: Call, uri: string): boolean {
  return (
    catalogue.resources.get(uri) !== undefined ||
    catalogue.templates.entries.some(({ template }) => template.uriTemplate.match(uri) !== undefined)
  );
}

/** The error for a resource that does not exist, or that this caller may not know of. */
export function notFound(call: Call, uri: string): McpError {
  return new McpError(call.peer.revision.resourceNotFound, `Resource not found: ${uri}`, { uri });
}

function finishRead(call: Call, value: unknown, cache: CacheHint | undefined): object {
  if (!isObject(value) || !Array.isArray(value.contents)) {
    throw new TypeError(
      `a resource handler must return { contents: [...] }, got ${JSON.stringify(value)?.slice(0, 100)}`,
    );
  }
  const { contents, _meta } = value as { contents: readonly ResourceContents[]; _meta?: object };
  const result = _meta === undefined ? { contents } : { contents, _meta };
  if (call.peer.revision.era === "legacy") return result;
  // Private unless the author says otherwise: what a resource holds may depend on who asks.
  const given = value as CacheHint;
  const ttlMs = given.ttlMs ?? cache?.ttlMs ?? listCache(call.app, false).ttlMs;
  return { ...result, ttlMs, cacheScope: given.cacheScope ?? cache?.cacheScope ?? "private" };
}

/** `resources/subscribe` (legacy era). */
export function subscribe(call: Call): MaybePromise<object> {
  const uri = uriOf(call);
  return chain(findReading(call, uri), (reading) => {
    if (!isReading(reading)) throw refused(call, uri, reading);
    if (call.peer.session === undefined) {
      throw new McpError(
        ErrorCode.InvalidRequest,
        "resources/subscribe needs a session: send the Mcp-Session-Id header",
      );
    }
    call.peer.session.subscribe(uri);
    return {};
  });
}

/** `resources/unsubscribe` (legacy era). */
export function unsubscribe(call: Call): object {
  call.peer.session?.unsubscribe(uriOf(call));
  return {};
}
