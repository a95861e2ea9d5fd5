/** [88, S14] How long one message on stdio may be, in a process of its own. */
import { afterEach, describe, expect, it } from "vitest";
import { LIMITS } from "../../src/index.js";
import { LineClient } from "./helpers/stdio.js";

const MAX = 1_000;
const clients: LineClient[] = [];
afterEach(() => {
  for (const { child } of clients.splice(0)) child.kill("SIGKILL");
});

async function start(...limits: readonly string[]): Promise<LineClient> {
  const client = new LineClient(...limits);
  clients.push(client);
  return await client.begin();
}

const pinging = (id: number) => ({ jsonrpc: "2.0", id, method: "ping" });
const called = (id: string, name: string) => ({ jsonrpc: "2.0", id, method: "tools/call", params: { name } });
const pong = (id: number) => ({ jsonrpc: "2.0", id, result: {} });

/** A ping whose line has exactly so many bytes, and fewer characters. */
function line(id: number, bytes: number): string {
  const empty = JSON.stringify({ ...pinging(id), params: { extra: "é€😀" } });
  return empty.replace("😀", `😀${"x".repeat(bytes - Buffer.byteLength(empty))}`);
}

const refused = (max: number) => ({
  jsonrpc: "2.0",
  error: { code: -32600, message: `Invalid request: a message may have at most ${max} bytes` },
});

/** Ends the input and waits for the end of the process. */
async function leave(client: LineClient): Promise<void> {
  client.end();
  expect(await client.exited).toBe(0);
}

describe("[88, S14] limits.maxLineBytes", () => {
  it("takes a line of as many bytes and refuses one more; what is under way and what follows is served", async () => {
    const client = await start(`maxLineBytes=${MAX}`);
    client.send(called("held", "hold"));
    for (const id of [1, 2]) {
      client.sendText(pinging(id), line(id, MAX));
      expect(await client.next()).toEqual(pong(id));
      client.write(`${line(9, MAX + 1)}\n`);
      expect(await client.next()).toMatchObject(refused(MAX));
    }
    client.send(called("release", "release"));
    for (const [id, text] of [
      ["release", "released"],
      ["held", "held"],
    ] as const) {
      expect(await client.answer(id)).toMatchObject({ result: { content: [{ text }] } });
    }
    await leave(client);
  });

  it("refuses a line before its end, once, and skips what is left of it however long that is", async () => {
    const client = await start(`maxLineBytes=${MAX}`);
    client.write("x".repeat(MAX + 1));
    expect(await client.next()).toMatchObject(refused(MAX));
    for (let piece = 0; piece < 20; piece += 1) client.write(Buffer.alloc(100_000, "x"));
    client.write(`the end of it\n`);
    client.send(pinging(1));
    expect(await client.next()).toEqual(pong(1));
    // The last line has no line break: it ends with the input.
    client.write("x".repeat(MAX + 1));
    expect(await client.next()).toMatchObject(refused(MAX));
    await leave(client);
  });

  it("lifted with Infinity takes a line of more than the default", async () => {
    const client = await start("maxLineBytes=Infinity");
    client.sendText(pinging(1), line(1, LIMITS.maxLineBytes.default + 1));
    expect(await client.answer(1)).toEqual(pong(1));
    await leave(client);
  });
});
