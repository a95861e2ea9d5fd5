/** What a mounted server must do wherever it is mounted: the same tests over each framework and each runtime. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { v1Driver, v2Driver } from "../support/official.js";
import {
  collect,
  legacySession,
  modernRequest,
  open,
  post,
  RawSocket,
  type RawStream,
  requestBytes,
  sse,
} from "../support/raw-http.js";
import type { WireObject } from "../support/wire-schema.js";
import { ALLOWED_ORIGIN, MAX_BODY_BYTES } from "./fixture.js";

/** A mounted fixture, reachable over HTTP. */
export interface Mount {
  /** Where its endpoints are, without a slash at the end: `http://127.0.0.1:3000/x`. */
  readonly base: string;
  close(): Promise<unknown> | unknown;
}

/** What is special about a place; of one that says nothing everything is expected. */
export interface Place {
  /** How long `start` may take. */
  readonly startTimeoutMs?: number;
  /** Default true. False where the framework refuses in its own words what is no JSON. */
  readonly ownParseErrors?: boolean;
  /** Default true. False where the runtime drops the work of a client that left instead of telling it. */
  readonly tellsDisconnects?: boolean;
  /** Default true. False where the work of a request ends with its reply, as in HTTP+SSE the reply comes before. */
  readonly worksOn?: boolean;
}

const ELICITATION = { elicitation: {} };

/** Runs the suite over one way to mount. */
export function mountSuite(label: string, start: () => Mount | Promise<Mount>, place: Place = {}): void {
  describe(label, () => {
    let mount: Mount;
    const at: At = (path) => `${mount.base}${path}`;
    const mcp: Url = () => at("/mcp");
    beforeAll(async () => {
      mount = await start();
    }, place.startTimeoutMs);
    afterAll(async () => {
      await mount?.close();
    });

    stateless(mcp, place);
    refusals(at, mcp, place);
    sessions(mcp);
    httpSse(at, mcp, place);
    officials(at, mcp);
  });
}

type Url = () => string;
type At = (path: string) => string;

/** One call of 2026-07-28, to its end. */
async function call(url: string, name: string, args: WireObject = {}): Promise<WireObject> {
  const { message, headers } = modernRequest("tools/call", { name, arguments: args });
  const { reply } = await post(url, message, { headers });
  return reply?.result as WireObject;
}

function openCall(url: string, name: string, args: WireObject): Promise<RawStream> {
  const { message, headers } = modernRequest("tools/call", { name, arguments: args }, { progressToken: "p" });
  return open(url, { method: "POST", body: message, headers: { ...headers, "accept-encoding": "gzip" } });
}

const content = (text: string) => ({ content: [{ type: "text", text }] });

function stateless(mcp: Url, place: Place): void {
  describe("2026-07-28", () => {
    it("discovers, lists and calls", async () => {
      for (const [method, member] of [
        ["server/discover", { capabilities: { tools: {} } }],
        ["tools/list", { tools: expect.arrayContaining([expect.objectContaining({ name: "echo" })]) }],
      ] as const) {
        const { message, headers } = modernRequest(method);
        const { status, reply } = await post(mcp(), message, { headers });
        expect({ status, result: reply?.result }).toMatchObject({ status: 200, result: member });
      }
      expect(await call(mcp(), "echo", { text: "héllo \u2028 😀" })).toMatchObject(content("héllo \u2028 😀"));
    });

    it("sends progress while the tool runs: nothing on the way waits for more", async () => {
      const key = randomUUID();
      const stream = await openCall(mcp(), "hold", { key });
      expect(stream.headers["content-type"]).toMatch(/^text\/event-stream/);
      // Who compresses holds back.
      expect(stream.headers["content-encoding"]).toBeUndefined();
      const first = await stream.messages.expect();
      expect(first).toMatchObject({ method: "notifications/progress", params: { progress: 1, message: "holding" } });
      await call(mcp(), "release", { key });
      expect(await stream.messages.expect()).toMatchObject({ result: content("held") });
      expect(await stream.closed).toBe("end");
    });

    it("asks for input and goes on with the answer", async () => {
      const capabilities = ELICITATION;
      const asked = modernRequest("tools/call", { name: "ask_name", arguments: {} }, { capabilities });
      const { reply } = await post(mcp(), asked.message, { headers: asked.headers });
      const { inputRequests, requestState } = (reply?.result ?? {}) as { inputRequests: object; requestState: string };
      const [question = ""] = Object.keys(inputRequests);
      const inputResponses = { [question]: { action: "accept", content: { name: "Ada" } } };
      const params = { name: "ask_name", arguments: {}, inputResponses, requestState };
      const answered = modernRequest("tools/call", params, { capabilities });
      const final = await post(mcp(), answered.message, { headers: answered.headers });
      expect(final.reply?.result).toMatchObject(content("Hello, Ada!"));
    });

    it.skipIf(place.tellsDisconnects === false)("aborts the handler when the client leaves the stream", async () => {
      const key = randomUUID();
      const stream = await openCall(mcp(), "hang", { key });
      await stream.messages.expect(({ method }) => method === "notifications/progress");
      stream.close();
      expect(await call(mcp(), "wait_for", { event: `aborted:${key}` })).toMatchObject(content(`aborted:${key}`));
    });

    it.skipIf(place.tellsDisconnects === false)("aborts it when the client leaves before the reply began", async () => {
      const key = randomUUID();
      const controller = new AbortController();
      const { message, headers } = modernRequest("tools/call", { name: "hang", arguments: { key, quiet: true } });
      const { signal } = controller;
      const left = expect(open(mcp(), { method: "POST", body: message, headers, signal })).rejects.toThrow();
      await call(mcp(), "wait_for", { event: `started:${key}` });
      controller.abort();
      await left;
      expect(await call(mcp(), "wait_for", { event: `aborted:${key}` })).toMatchObject(content(`aborted:${key}`));
    });
  });
}

function sessions(mcp: Url): void {
  describe("2025-11-25", () => {
    it("opens a session, lists, calls, and ends it", async () => {
      const session = await legacySession(mcp());
      expect(session.id).toBeTruthy();
      expect(session.initializeResult).toMatchObject({ serverInfo: { name: "mounted" } });
      const { result } = await session.request("tools/list");
      expect(result).toMatchObject({ tools: expect.arrayContaining([expect.objectContaining({ name: "echo" })]) });
      const echoed = await session.request("tools/call", { name: "echo", arguments: { text: "again" } });
      expect(echoed.result).toMatchObject(content("again"));
      expect((await session.end()).status).toBe(204);
      expect((await session.post(session.message("tools/list"))).status).toBe(404);
    });

    it("sends progress while the tool runs", async () => {
      const session = await legacySession(mcp());
      const key = randomUUID();
      const params = { name: "hold", arguments: { key }, _meta: { progressToken: 7 } };
      const stream = await session.open(session.message("tools/call", params));
      const first = await stream.messages.expect();
      expect(first).toMatchObject({ method: "notifications/progress", params: { progressToken: 7, progress: 1 } });
      await session.request("tools/call", { name: "release", arguments: { key } });
      expect(await stream.messages.expect()).toMatchObject({ result: content("held") });
      await session.end();
    });

    it("asks the user on the stream of the call", async () => {
      const session = await legacySession(mcp(), "2025-11-25", { capabilities: ELICITATION });
      const reply = await session.request(
        "tools/call",
        { name: "ask_name", arguments: {} },
        { onRequest: () => ({ action: "accept", content: { name: "Grace" } }) },
      );
      expect(reply.result).toMatchObject(content("Hello, Grace!"));
      await session.end();
    });

    it("tells a standing GET stream of changes, and ends it with the session", async () => {
      const session = await legacySession(mcp());
      const stream = await session.listen();
      expect(stream.status).toBe(200);
      await session.request("tools/call", { name: "change_list", arguments: {} });
      const told = await stream.messages.expect();
      expect(told).toMatchObject({ method: "notifications/tools/list_changed" });
      await session.end();
      expect(await stream.closed).toBe("end");
    });
  });
}

function httpSse(at: At, mcp: Url, place: Place): void {
  describe("HTTP+SSE", () => {
    it("names an endpoint that is there, and calls", async () => {
      const client = await sse(at("/sse"));
      expect(`${client.endpoint.origin}${client.endpoint.pathname}`).toBe(at("/messages"));
      await client.initialize();
      const echoed = await client.request("tools/call", { name: "echo", arguments: { text: "old" } });
      expect(echoed.result).toMatchObject(content("old"));
      client.close();
    });

    it.skipIf(place.worksOn === false)("sends progress while the tool runs", async () => {
      const client = await sse(at("/sse"));
      await client.initialize();
      const key = randomUUID();
      const params = { name: "hold", arguments: { key }, _meta: { progressToken: 1 } };
      const onNotification = () => void call(mcp(), "release", { key });
      const held = await client.request("tools/call", params, { onNotification });
      expect(held.result).toMatchObject(content("held"));
      client.close();
    });
  });
}

function refusals(at: At, mcp: Url, place: Place): void {
  const { message, headers } = modernRequest("tools/call", { name: "echo", arguments: { text: "x" } });

  describe("refuses", () => {
    it("a body over the limit, with and without a length", async () => {
      const large = JSON.stringify({ ...message, filler: "x".repeat(MAX_BODY_BYTES * 4) });
      expect((await post(mcp(), large, { headers })).status).toBe(413);
      const socket = await RawSocket.connect(mcp());
      const chunked = { ...headers, "transfer-encoding": "chunked", "content-length": undefined };
      const head = requestBytes(mcp(), "POST", "", chunked);
      await socket.write(head);
      // The server may close before it has everything: what it answered counts.
      await socket.write(`${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`).catch(() => undefined);
      expect((await socket.all()).bytes.toString("latin1")).toMatch(/^HTTP\/1\.1 413 /);
    });

    it("what is no JSON", async () => {
      const { status, json } = await post(mcp(), "{ no", { headers });
      expect(status).toBe(400);
      if (place.ownParseErrors !== false) expect(json).toMatchObject({ error: { code: -32700 } });
    });

    it("a foreign Host and a foreign Origin, before anything runs", async () => {
      for (const foreign of [{ host: "evil.example" }, { origin: "https://evil.example" }]) {
        const { status } = await post(mcp(), message, { headers: { ...headers, ...foreign } });
        expect([foreign, status]).toEqual([foreign, 403]);
      }
      const get = await collect(await open(at("/sse"), { headers: { host: "evil.example" } }));
      expect(get.status).toBe(403);
    });

    it("paths that are not ours", async () => {
      for (const path of ["/nowhere", "/mcpx", "/mcp/more"]) {
        const { status } = await post(at(path), message, { headers });
        expect([path, status]).toEqual([path, 404]);
      }
      const { origin } = new URL(mcp());
      const wellKnown = `${origin}/.well-known/oauth-protected-resource${new URL(mcp()).pathname}`;
      expect((await post(wellKnown, message, { headers })).status).toBe(404);
    });
  });

  it("says that it is well", async () => {
    expect((await collect(await open(at("/health")))).status).toBe(200);
    expect((await collect(await open(at("/ready")))).status).toBe(200);
  });

  it("lets pages of an allowed origin in", async () => {
    const origin = { origin: ALLOWED_ORIGIN };
    const asked = { "access-control-request-method": "POST", "access-control-request-headers": "mcp-method" };
    const preflight = await collect(await open(mcp(), { method: "OPTIONS", headers: { ...origin, ...asked } }));
    expect(preflight.status).toBe(204);
    expect(preflight.headers["access-control-allow-origin"]).toBe(ALLOWED_ORIGIN);
    const called = await post(mcp(), message, { headers: { ...headers, ...origin } });
    expect(called.status).toBe(200);
    expect(called.headers["access-control-allow-origin"]).toBe(ALLOWED_ORIGIN);
  });
}

function officials(at: At, mcp: Url): void {
  const drivers = [v1Driver("http"), v2Driver("modern", "http"), v1Driver("sse")];
  it.each(drivers)("serves the official client, $label", async (driver) => {
    const client = await driver.connect({ url: mcp(), sseUrl: at("/sse") });
    expect((await client.listTools()).map(({ name }) => name)).toContain("echo");
    const result = await client.callTool("echo", { text: driver.label });
    expect(result.content).toEqual([{ type: "text", text: driver.label }]);
    await client.close();
  });
}
