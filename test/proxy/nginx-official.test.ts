/** [55, 92] The official clients through a proxy that publishes the server under a path: everything they do, once each. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { IncomingMessage } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as library from "../../src/index.js";
import { createEverything, type Everything } from "../e2e/fixtures/everything.mjs";
import { Probe } from "../e2e/fixtures/probe.mjs";
import { FETCH_TIMEOUT_MS } from "../support/debian.js";
import { OFFICIAL_DRIVERS, type OfficialClient, type ToolResult } from "../support/official.js";
import { type Behind, behindNginx } from "./behind.js";

const MIB = 1024 * 1024;

const SETUPS = [
  { name: "HTTP/1.0 to the server, everything compressed", location: "gzip on; gzip_types *; gzip_proxied any;" },
  {
    name: "HTTP/1.1 to the server, requests passed on as they come",
    location: 'proxy_http_version 1.1; proxy_set_header Connection ""; proxy_request_buffering off;',
  },
];

/** Requests that servers of this process have seen, by method and client. */
const requests = new Probe();
const seen = (message: unknown) => {
  const { request } = message as { readonly request: IncomingMessage };
  requests.record(`${request.method} ${request.headers["x-driver"]}`);
};
beforeAll(() => subscribe("http.server.request.start", seen));
afterAll(() => void unsubscribe("http.server.request.start", seen));

const text = ({ content }: ToolResult): string => String(content[0]?.text);

describe.each(SETUPS)("[55] $name", ({ name, location }) => {
  let behind: Behind;
  let everything: Everything;
  beforeAll(async () => {
    behind = await behindNginx({
      location,
      server: "client_max_body_size 4m;",
      create: (options) => {
        everything = createEverything(library, options);
        return everything.mcp;
      },
    });
  }, FETCH_TIMEOUT_MS);
  afterAll(() => behind?.close());

  test.each(OFFICIAL_DRIVERS.filter(({ transport }) => transport !== "stdio"))("[92] $label", async (driver) => {
    const target = { url: `${behind.base}/mcp`, sseUrl: `${behind.base}/sse` };
    const who = `${driver.label} ${name}`;
    const client = await driver.connect(target, { headers: { "x-driver": who } });
    expect((await client.listTools()).map(({ name }) => name)).toContain("echo");
    await hearsProgress(client, driver.label);
    expect(text(await client.callTool("ask_name"))).toBe("Hello, Alice!");
    expect(text(await client.callTool("echo", { text: "x".repeat(MIB) }))).toHaveLength(MIB);
    await cancels(client, `cancelled ${driver.label}`);
    // A legacy client opens its standing stream in the background.
    if (client.era === "legacy") await requests.until(`GET ${who}`);
    await hearsUpdates(client);
    expect(client.errors).toEqual([]);
    // Ends the session with DELETE where there is one, and judges every message of the connection.
    await client.close();
  });

  /** The tool ends only when the client has heard it: nothing on the way may hold its words back. */
  async function hearsProgress(client: OfficialClient, key: string): Promise<void> {
    const progress: number[] = [];
    const onprogress = (one: { readonly progress: number }) => {
      if (progress.push(one.progress) === 5) everything.probe.record(`released:${key}`);
    };
    expect(text(await client.callTool("slow", { steps: 5, key }, { onprogress }))).toBe("slow done");
    expect(progress).toEqual([1, 2, 3, 4, 5]);
  }

  async function cancels(client: OfficialClient, key: string): Promise<void> {
    const controller = new AbortController();
    const rejected = expect(client.callTool("hang", { key }, { signal: controller.signal })).rejects.toThrow();
    await everything.probe.until(`started:${key}`);
    controller.abort(new Error("no longer wanted"));
    await rejected;
    // 2026-07-28 says it by closing the connection; the proxy has to pass that on.
    await everything.probe.until(`aborted:${key}`);
  }

  /** What belongs to no request: the standing stream, or a listen stream. */
  async function hearsUpdates(client: OfficialClient): Promise<void> {
    const end = await client.subscribe({ uris: ["test://live"] });
    await client.callTool("touch", { uri: "test://live" });
    await client.notifications.expect(({ method }) => method === "notifications/resources/updated");
    await end();
  }
});
