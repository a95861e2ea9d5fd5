import { describe, expect, it } from "vitest";
import * as library from "../../src/index.js";
import { modernRequest } from "../support/raw-http.js";
import { bridge } from "./fetch-bridge.js";
import { createFixture } from "./fixture.js";
import { listen } from "./serving.js";
import { mountSuite } from "./suite.js";

mountSuite("mcp.fetch", () => listen(bridge(createFixture(library).fetch)));

mountSuite("mcp.fetch, below a path", () => listen(bridge(createFixture(library).fetch), "/a/b"));

describe("mcp.fetch in process", () => {
  const { message, headers } = modernRequest("tools/call", { name: "echo", arguments: { text: "hi" } });
  const request = (url: string, init: RequestInit = {}) =>
    new Request(url, {
      method: "POST",
      body: JSON.stringify(message),
      ...init,
      headers: { ...headers, "content-type": "application/json", ...init.headers },
    });

  it("takes the host from the URL where there is no Host header, and from the header where there is one", async () => {
    const { fetch } = createFixture(library, { publicUrl: "https://mcp.example" });
    expect((await fetch(request("https://mcp.example/mcp"))).status).toBe(200);
    expect((await fetch(request("https://evil.example/mcp"))).status).toBe(403);
    const behindProxy = request("http://10.0.0.7:3000/mcp", { headers: { host: "mcp.example" } });
    expect((await fetch(behindProxy)).status).toBe(200);
    const rebound = request("http://localhost:3000/mcp", { headers: { host: "evil.example" } });
    expect((await fetch(rebound)).status).toBe(403);
    // What a client can write into a header of its own choice says nothing.
    const claimed = request("https://evil.example/mcp", { headers: { "x-forwarded-host": "mcp.example" } });
    expect((await fetch(claimed)).status).toBe(403);
  });

  it.each([
    ["https://mcp.example", "http://mcp.example/x/sse", "/x/messages"],
    ["https://mcp.example/tools", "http://mcp.example/sse", "/tools/messages"],
    ["https://mcp.example/tools", "http://mcp.example/inside/sse", "/tools/messages"],
  ])("with publicUrl %s names for %s the endpoint %s", async (publicUrl, url, endpoint) => {
    const { fetch } = createFixture(library, { publicUrl });
    const { body } = await fetch(new Request(url));
    const reader = body?.getReader();
    const first = await reader?.read();
    expect(new TextDecoder().decode(first?.value)).toContain(`data: ${endpoint}?sessionId=`);
    await reader?.cancel();
  });

  it("says so when somebody has read the body before", async () => {
    const reports: unknown[] = [];
    const logger = { log: (...report: unknown[]) => void reports.push(report) };
    const { fetch } = createFixture(library, { logger });
    const read = request("http://localhost/mcp");
    await read.text();
    expect((await fetch(read)).status).toBe(500);
    const error = expect.objectContaining({ message: expect.stringContaining("request.clone()") });
    expect(reports).toEqual([["error", "http_failed", { path: "/mcp", error }]]);
  });

  it("says so when somebody else is reading the body", async () => {
    const reports: unknown[] = [];
    const logger = { log: (...report: unknown[]) => void reports.push(report) };
    const { fetch } = createFixture(library, { logger });
    const held = request("http://localhost/mcp");
    held.body?.getReader();
    expect((await fetch(held)).status).toBe(500);
    const error = expect.objectContaining({ message: expect.stringContaining("request.clone()") });
    expect(reports).toEqual([["error", "http_failed", { path: "/mcp", error }]]);
  });

  it.each([
    ["breaks off", (body: ReadableStreamDefaultController) => body.error(new Error("gone"))],
    ["is no bytes", (body: ReadableStreamDefaultController) => body.enqueue("text")],
  ])("answers a body that %s, and counts on", async (_, fill) => {
    const { fetch } = createFixture(library, { limits: { maxBodyBytesTotal: 1000 } });
    const broken = { body: new ReadableStream({ start: fill }), duplex: "half" } as RequestInit;
    expect((await fetch(request("http://localhost/mcp", broken))).status).toBe(400);
    // The count of all bodies has not gone wrong with it.
    const large = { body: "x".repeat(2000) };
    expect((await fetch(request("http://localhost/mcp", large))).status).toBe(503);
  });

  it("never lets a path choose another server for the messages of HTTP+SSE", async () => {
    const { fetch } = createFixture(library);
    for (const path of ["//evil.example/sse", "/\\evil.example/sse", "/.well-known/x/sse", "/a//sse"]) {
      expect([path, (await fetch(new Request(`http://localhost${path}`))).status]).toEqual([path, 404]);
    }
  });

  it("tells a call whose client had left before it began, and ends what is read no more", async () => {
    const { fetch } = createFixture(library, {
      // Time enough for a client to leave: authentication that asks somebody else.
      auth: library.custom(async () => ({ issuer: "test", subject: "a", permissions: [] })),
    });
    const controller = new AbortController();
    const hang = modernRequest("tools/call", { name: "hang", arguments: { key: "early" } });
    const init = { body: JSON.stringify(hang.message), headers: hang.headers, signal: controller.signal };
    const called = fetch(request("http://localhost/mcp", init));
    controller.abort();
    await called;
    const wait = modernRequest("tools/call", { name: "wait_for", arguments: { event: "aborted:early" } });
    const seen = await fetch(
      request("http://localhost/mcp", { body: JSON.stringify(wait.message), headers: wait.headers }),
    );
    expect(await seen.text()).toContain("aborted:early");
  });
});
