/** [62, 63] What one message may be made of: depth, members, and messages in a batch. */
import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/index.js";
import { connect } from "../../src/testing/index.js";
import { legacySession, post, type RawResponse, sse } from "../support/raw-http.js";
import { call, expectServed, limitedServer, serving } from "./helpers/limited.js";

const serve = serving();

/** A ping that nests as deep as `depth` says: message, params, and arrays in it. */
function deep(depth: number): string {
  const inner = "[".repeat(depth - 2) + "]".repeat(depth - 2);
  return `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"extra":${inner}}}`;
}

/** A ping with so many members and elements, itself and all. */
function wide(keys: number): string {
  const elements = Array.from({ length: keys - 5 }, () => "1").join(",");
  return `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"extra":[${elements}]}}`;
}

function refusal({ status, reply }: RawResponse): unknown {
  const { code, message } = (reply?.error ?? {}) as { readonly code?: number; readonly message?: string };
  return { status, code, message };
}

describe.each([
  { name: "maxJsonDepth", make: deep, small: 6, words: "nests deeper than 6 levels (limits.maxJsonDepth)" },
  { name: "maxJsonKeys", make: wide, small: 20, words: "more than 20 members and elements (limits.maxJsonKeys)" },
] as const)("[62] limits.$name", ({ name, make, small, words }) => {
  it("takes a message at the bound and refuses the next one in words; the connection and others go on", async () => {
    const limited = await serve({ [name]: small });
    expect((await post(limited.url, make(small))).reply?.result).toEqual({});
    const refused = { status: 400, code: -32600, message: expect.stringContaining(words) };
    expect(refusal(await post(limited.url, make(small + 1)))).toEqual(refused);
    expect((await post(limited.url, make(small))).reply?.result).toEqual({});
    await limited.settled();
  });

  it("is the same on the message endpoint of HTTP+SSE", async () => {
    const limited = await serve({ [name]: small });
    const client = await sse(limited.sseUrl);
    expect((await client.send(make(small))).status).toBe(202);
    expect(refusal(await client.send(make(small + 1)))).toMatchObject({ status: 400, code: -32600 });
    client.close();
  });

  it("lifted with Infinity takes far more than the default, and the process lives", async () => {
    const limited = await serve({ [name]: Number.POSITIVE_INFINITY });
    const { status } = await post(limited.url, make(5 * LIMITS[name].default));
    expect(status).toBe(200);
    await expectServed(call(limited.url, "quick"));
  });
});

it("[62] limits.maxJsonDepth lifted: whatever walks through a message of a hundred thousand levels, the process lives", async () => {
  const limited = await serve({ maxJsonDepth: Number.POSITIVE_INFINITY, maxJsonKeys: Number.POSITIVE_INFINITY });
  const args = `${'{"size":'.repeat(100_000)}1${"}".repeat(100_000)}`;
  for (const name of ["say", "large", "quick"]) {
    const text = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${name}","arguments":${args}}}`;
    expect((await post(limited.url, text)).status).toBe(200);
  }
  await limited.settled();
});

it("[62] limits.maxJsonKeys and limits.maxJsonDepth hold on a channel: answered, and the channel goes on", async () => {
  const { mcp } = limitedServer({ maxJsonDepth: 6, maxJsonKeys: 30 });
  const said: string[] = [];
  const onMessage = (direction: string, text: string) => void (direction === "received" && said.push(text));
  const client = await connect(mcp, { revision: "2025-11-25", onMessage });
  said.length = 0;
  for (const text of [deep(7), wide(31)]) client.sendRaw(text);
  await client.request("ping");
  expect(said.map((text) => JSON.parse(text).error?.message ?? "")).toEqual([
    expect.stringContaining("limits.maxJsonDepth"),
    expect.stringContaining("limits.maxJsonKeys"),
    "",
  ]);
  await client.close();
});

describe("[63] limits.maxBatch", () => {
  const batch = (length: number) =>
    Array.from({ length }, (_, index) => ({ jsonrpc: "2.0", id: index + 1, method: "ping" }));

  const refused = (why: string) => {
    return { error: { code: -32600, message: expect.stringContaining(`Invalid request: ${why}`) } };
  };

  it("takes a batch of as many messages and refuses one more as a whole", async () => {
    const limited = await serve({ maxBatch: 2 });
    const session = await legacySession(limited.url, "2025-03-26");
    expect((await session.post(batch(2))).json).toHaveLength(2);
    const text = "the batch has 3 messages, 2 are allowed (limits.maxBatch)";
    expect(await session.post(batch(3))).toMatchObject({ status: 400, json: refused(text) });
    expect(await session.post([])).toMatchObject({ status: 400, json: refused("the batch is empty") });
    const later = await legacySession(limited.url, "2025-06-18");
    expect((await later.post(batch(1))).json).toMatchObject(refused("revision 2025-06-18 has no batches; send one"));
    // Notifications count too: a batch is refused before it is looked into.
    const notes = Array.from({ length: 3 }, () => ({ jsonrpc: "2.0", method: "notifications/initialized" }));
    expect((await session.post(notes)).status).toBe(400);
    expect((await session.post(batch(1))).json).toHaveLength(1);
    await session.end();
    await limited.settled();
  });

  it("is the same on HTTP+SSE, where the refusal comes on the stream", async () => {
    const limited = await serve({ maxBatch: 2 });
    const client = await sse(limited.sseUrl);
    await client.initialize("2025-03-26");
    expect((await client.send(batch(3))).status).toBe(202);
    expect(await client.messages.expect()).toMatchObject(refused("the batch has 3 messages"));
    await client.send(batch(2));
    for (const id of [1, 2]) expect(await client.messages.expect((one) => one.id === id)).toHaveProperty("result");
    client.close();
  });

  it("lifted with Infinity takes more than the default", async () => {
    const limited = await serve({ maxBatch: Number.POSITIVE_INFINITY });
    const session = await legacySession(limited.url, "2025-03-26");
    const many = LIMITS.maxBatch.default + 1;
    expect((await session.post(batch(many))).json).toHaveLength(many);
    await session.end();
  });
});
