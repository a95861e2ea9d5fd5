/** [3, 5, 38, 92] The official client 2.x, as it is, through the death of the server that works for it. */
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { describe, expect, it } from "vitest";
import type { WireObject } from "../support/wire-schema.js";
import { expectDone, expectUnknown } from "./helpers/calls.js";
import { places } from "./helpers/processes.js";

const place = places();
/** As the client's own, but for a machine where a server is back in a moment. */
const RECONNECTION = {
  initialReconnectionDelay: 20,
  maxReconnectionDelay: 200,
  reconnectionDelayGrowFactor: 1.5,
  maxRetries: 200,
};
const KEY = "dev.holdfast/idempotencyKey";

async function connected(url: string, mode: "legacy" | { readonly pin: string }): Promise<Client> {
  const client = new Client({ name: "official", version: "1.0.0" }, { versionNegotiation: { mode } });
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { reconnectionOptions: RECONNECTION }));
  return client;
}

describe("a session of 2025-11-25: the client comes back by itself", () => {
  it.each(["keyed", "plain"])("%s", async (name) => {
    const at = place();
    const first = await at.start({ moment: "begun" });
    const client = await connected(first.url, "legacy");
    let heard: (value: unknown) => void = () => {};
    // With it came the id that the client comes back with.
    const progress = new Promise((resolve) => {
      heard = resolve;
    });
    const called = client.callTool({ name, arguments: {} }, { onprogress: heard });
    await Promise.all([first.reached("begun"), progress]);
    await first.kill();
    const second = await at.start({ port: first.port });
    const result = (await called) as WireObject;
    if (name === "keyed") expectDone(result, second.pid);
    else expectUnknown(result);
    // The session goes on, and so does the client.
    expectDone((await client.callTool({ name, arguments: { more: 1 } })) as WireObject, second.pid);
    await client.close();
  });
});

it("[95] 2025-11-25: cut before it was told an id, the client calls again with its key", async () => {
  const at = place();
  const first = await at.start({ moment: "committed" });
  const client = await connected(first.url, "legacy");
  const call = () => client.callTool({ name: "plain", arguments: {}, _meta: { [KEY]: "a-key-of-the-clients" } });
  const broken = expect(call()).rejects.toThrow();
  await first.reached("committed");
  await first.kill();
  await broken;
  await at.start({ port: first.port });
  expectDone((await call()) as WireObject, first.pid);
  expect(at.starts).toHaveLength(1);
  await client.close();
});

it("2026-07-28: the client is told that its connection broke, and calls again with its key", async () => {
  const at = place();
  const first = await at.start({ moment: "committed" });
  const client = await connected(first.url, { pin: "2026-07-28" });
  const call = () => client.callTool({ name: "plain", arguments: {}, _meta: { [KEY]: "a-key-of-the-clients" } });
  const broken = expect(call()).rejects.toThrow();
  await first.reached("committed");
  await first.kill();
  await broken;
  await at.start({ port: first.port });
  const result = (await call()) as WireObject;
  // What the first server had recorded.
  expectDone(result, first.pid);
  expect(at.starts).toHaveLength(1);
  await client.close();
});
