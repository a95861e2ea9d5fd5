/** Session ids as tokens: what was altered, borrowed, carried elsewhere or sealed long ago opens nothing. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { custom, LIMITS, McpServer, type McpServerOptions, type RunHandle } from "../../src/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { collect, open, post, sse } from "../support/raw-http.js";
import type { Revision, WireObject } from "../support/wire-schema.js";
import { SESSION_REVISIONS } from "./helpers/busy-session.js";
import { forEachNumber } from "./helpers/pool.js";
import { kept } from "./helpers/quick-session.js";

const OLD = "the secret of last month";
const NEW = "the secret of this month";
const ALICE = { "x-user": "alice" };
const PING = { jsonrpc: "2.0", id: 1, method: "ping" };

const running: RunHandle[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const one of running.splice(0)) await one.close();
});

interface Node {
  readonly url: string;
  readonly origin: string;
}

/** A node of one and the same service: it differs from others in what `options` say. */
async function node(options: McpServerOptions = {}, path?: string): Promise<Node> {
  const auth = custom((request) => {
    const issuer = request.header("x-issuer") ?? "test";
    return { issuer, subject: request.header("x-user") ?? "nobody", permissions: [] };
  });
  const mcp = new McpServer(
    { name: "tokens", version: "1.0.0" },
    { auth, secret: OLD, logger: silentLogger, ...options },
  );
  mcp.registerTool("guarded", { requires: "guarded:use" }, () => "ran");
  const handle = await mcp.run({ transport: "http", port: 0, signals: false, ...(path !== undefined && { path }) });
  running.push(handle);
  const { href: url, origin } = new URL(handle.url ?? "");
  return { url, origin };
}

async function idFrom(
  at: Node,
  revision: Revision = "2025-11-25",
  who: Record<string, string> = ALICE,
): Promise<string> {
  const params = { protocolVersion: revision, capabilities: {}, clientInfo: { name: "a", version: "1" } };
  const message = { jsonrpc: "2.0", id: "i", method: "initialize", params };
  return String((await post(at.url, message, { headers: who, revision, agent: kept })).headers["mcp-session-id"]);
}

async function statusOf(at: Node, id: string, who: Record<string, string> = ALICE): Promise<number> {
  const headers = { ...who, "mcp-session-id": id };
  return (await post(at.url, PING, { headers, revision: "2025-11-25", agent: kept })).status;
}

describe("[94] altered", () => {
  let served: Node;
  let id: string;
  beforeEach(async () => {
    served = await node({ secret: [NEW, OLD] });
    id = await idFrom(served);
  });

  test("one bit flipped, at every position: 404 and never anything else", async () => {
    const bytes = Buffer.from(id, "base64url");
    const statuses = new Map<number, number>();
    await forEachNumber(bytes.length * 8, 16, async (number) => {
      const altered = Buffer.from(bytes);
      const at = number - 1;
      altered[at >> 3] = (altered[at >> 3] ?? 0) ^ (1 << (at & 7));
      const status = await statusOf(served, altered.toString("base64url"));
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    });
    expect(Object.fromEntries(statuses)).toEqual({ 404: bytes.length * 8 });
    expect(await statusOf(served, id)).toBe(200);
  });

  test("other texts of the same bytes, parts, and more: there is one way to write an id", async () => {
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const others = [...alphabet].map((last) => id.slice(0, -1) + last).filter((other) => other !== id);
    const written = [
      id.replaceAll("-", "+").replaceAll("_", "/"),
      `${id}=`,
      `${id}==`,
      `${id} `,
      `"${id}"`,
      `${id}\t${id}`,
    ];
    const changed = [
      id.toUpperCase(),
      id.toLowerCase(),
      [...id].reverse().join(""),
      id + id,
      `${id},${id}`,
      encodeURIComponent(`${id}%`),
    ];
    const parts = Array.from({ length: id.length }, (_, length) => id.slice(0, length));
    const all = [...others, ...written, ...changed, ...parts].filter((other) => other.trim() !== id);
    for (const other of all) expect([other, await statusOf(served, other)]).toEqual([other, 404]);
    expect(await statusOf(served, id)).toBe(200);
  });
});

describe.each(SESSION_REVISIONS)("[94] %s", (revision) => {
  test("belongs to issuer and subject, and to the route", async () => {
    const [served, other] = [await node(), await node({}, "/other")];
    const id = await idFrom(served, revision);
    expect(await statusOf(served, id, { "x-user": "bob" })).toBe(404);
    expect(await statusOf(served, id, { ...ALICE, "x-issuer": "somebody else" })).toBe(404);
    // Issuer and subject are two things: no way to write one into the other.
    const split = await idFrom(served, revision, { "x-issuer": "a", "x-user": 'b","c' });
    expect(await statusOf(served, split, { "x-issuer": 'a","b', "x-user": "c" })).toBe(404);
    expect(await statusOf(other, id)).toBe(404);
    expect(await statusOf(served, await idFrom(other, revision))).toBe(404);
    expect(await statusOf(served, id)).toBe(200);
  });

  test("is good for its whole age and not a moment longer, used or not", async () => {
    const served = await node();
    const now = Date.now();
    vi.useFakeTimers({ toFake: ["Date"], now });
    const [used, unused] = [await idFrom(served, revision), await idFrom(served, revision)];
    vi.setSystemTime(now + LIMITS.sessionMaxAgeMs.default);
    expect(await statusOf(served, used)).toBe(200);
    vi.setSystemTime(now + LIMITS.sessionMaxAgeMs.default + 1);
    expect([await statusOf(served, used), await statusOf(served, unused)]).toEqual([404, 404]);
    expect(await statusOf(await node(), used)).toBe(404);
  });

  test("a key is rotated in three steps, and nobody is thrown out before the last", async () => {
    const [before, during, after] = [await node(), await node({ secret: [NEW, OLD] }), await node({ secret: NEW })];
    const [old, fresh] = [await idFrom(before, revision), await idFrom(during, revision)];
    const at = (id: string) => Promise.all([before, during, after].map((one) => statusOf(one, id)));
    expect(await at(old)).toEqual([200, 200, 404]);
    expect(await at(fresh)).toEqual([404, 200, 200]);
  });
});

describe("[S9]", () => {
  test("an id of one transport is none of the other", async () => {
    const served = await node();
    const stream = await sse(`${served.origin}/sse`, { headers: ALICE });
    const sseId = stream.endpoint.searchParams.get("sessionId") ?? "";
    const id = await idFrom(served);
    expect(await statusOf(served, sseId)).toBe(404);
    const posted = post(`${served.origin}/messages?sessionId=${id}`, PING, { headers: ALICE, revision: "2025-11-25" });
    expect((await posted).status).toBe(404);
    const headers = { ...ALICE, "mcp-session-id": sseId, "last-event-id": `${sseId}_0` };
    expect((await collect(await open(served.url, { headers }))).status).toBe(404);
    stream.close();
  });

  test("brings no permission along from where it was opened", async () => {
    const allowing = await node({ auth: custom(() => ({ issuer: "t", subject: "a", permissions: ["guarded:use"] })) });
    const denying = await node({ auth: custom(() => ({ issuer: "t", subject: "a", permissions: [] })) });
    const id = await idFrom(allowing);
    const send = async (at: Node, method: string, params: WireObject = {}) => {
      const options = { headers: { "mcp-session-id": id }, revision: "2025-11-25" as const };
      return (await post(at.url, { jsonrpc: "2.0", id: 1, method, params }, options)).reply;
    };
    expect((await send(allowing, "tools/call", { name: "guarded" }))?.result).toMatchObject({
      content: [{ text: "ran" }],
    });
    expect((await send(denying, "tools/call", { name: "guarded" }))?.error).toMatchObject({ code: 1403 });
    expect((await send(denying, "tools/list"))?.result).toMatchObject({ tools: [] });
  });
});
