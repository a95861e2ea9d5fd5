/** stdio as hosts use it: the built package in a process of its own, over a socket pair and over a pipe. */
import { afterEach, describe, expect, test } from "vitest";
import type { WireObject } from "../support/wire-schema.js";
import { type Plumbing, StdioClient } from "./helpers/stdio-client.js";

const clients: StdioClient[] = [];
afterEach(() => {
  for (const { child } of clients.splice(0)) child.kill("SIGKILL");
});

function start(plumbing: Plumbing): StdioClient {
  const client = new StdioClient(plumbing);
  clients.push(client);
  return client;
}

/** Ends the input and waits for the end of the process. */
async function leave(client: StdioClient): Promise<void> {
  client.child.stdin.end();
  expect(await client.exited).toBe(0);
}

const ping = (id: number | string) => ({ jsonrpc: "2.0", id, method: "ping" });
const text = (value: string) => ({ result: { content: [{ type: "text", text: value }] } });

describe.each<Plumbing>(["socket pair", "pipe"])("over a %s", (plumbing) => {
  test("[45] both eras on one process, with the same ids at the same time", async () => {
    const client = start(plumbing);
    await client.initialize();
    const isModern = ({ result }: WireObject) => JSON.stringify(result ?? {}).includes('"resultType":"complete"');
    client.call(1, "wait");
    client.modern(1, "wait");
    client.modern(2, "echo", "modern");
    client.call(2, "echo", "legacy");
    expect(await client.messages.expect((one) => one.id === 2 && isModern(one))).toMatchObject(text("modern"));
    expect(await client.messages.expect((one) => one.id === 2 && !isModern(one))).toMatchObject(text("legacy"));
    client.call(3, "release");
    await client.answer(3);
    expect(await client.messages.expect((one) => one.id === 1 && isModern(one))).toMatchObject(text("released"));
    expect(await client.messages.expect((one) => one.id === 1 && !isModern(one))).toMatchObject(text("released"));
    await leave(client);
    expect(client.messages.all).toHaveLength(6);
  });

  test("[86] whatever prints, and whenever, stdout has messages only and stderr has the rest", async () => {
    const client = start(plumbing);
    await client.initialize();
    client.call(1, "print");
    const answer = await client.answer(1);
    expect(answer).toMatchObject(text(expect.stringContaining("a worker thread") as unknown as string));
    client.call(2, "echo", "still there");
    expect(await client.answer(2)).toMatchObject(text("still there"));
    await leave(client);
    for (const stray of STRAYS) expect(client.stderr).toContain(stray);
  });

  test("[65, 88] bad lines are answered with -32700 and forgotten; blank lines and CRLF are none", async () => {
    const client = start(plumbing);
    await client.initialize();
    const bad = ["{", "nonsense", '{"jsonrpc":"2.0","id":1,"method":"ping"', "[1,2", "\u0000", '{"a":1}}'];
    for (const line of bad) {
      client.write(`${line}\n`);
      expect(await client.messages.expect()).toMatchObject({ error: { code: -32700 } });
    }
    client.write(Buffer.from([0x7b, 0xff, 0xfe, 0x7d, 0x0a]));
    expect(await client.messages.expect()).toMatchObject({ error: { code: -32700 } });
    for (const line of [
      '{"jsonrpc":"2.0"}',
      "{}",
      "17",
      "null",
      '"text"',
      '{"jsonrpc":"2.0","id":{},"method":"ping"}',
    ]) {
      client.write(`${line}\n`);
      expect(await client.messages.expect()).toMatchObject({ error: { code: -32600 } });
    }
    client.write("\n\r\n  \n\t\r\n");
    client.send(ping(9));
    expect(await client.messages.expect()).toEqual({ jsonrpc: "2.0", id: 9, result: {} });
    client.note(ping(10));
    client.write(`${JSON.stringify(ping(10))}\r\n`);
    expect(await client.messages.expect()).toMatchObject({ id: 10 });
    await leave(client);
  });

  test("[88, S14] 5 MB in one message, in pieces of odd sizes, there and back; a longer line is refused and skipped", async () => {
    const client = start(plumbing);
    await client.initialize();
    const large = "é€😀\u2028\\".repeat(400_000);
    const params = { name: "echo", arguments: { value: large } };
    const message = { jsonrpc: "2.0", id: 1, method: "tools/call", params };
    client.note(message);
    const bytes = Buffer.from(`${JSON.stringify(message)}\n`);
    expect(bytes.length).toBeGreaterThan(5_000_000);
    for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 7 + 3) % 65_537) {
      client.write(bytes.subarray(at, at + size));
    }
    expect(await client.messages.expect(({ id }) => id === 1, 15_000)).toMatchObject(text(large));
    client.write(Buffer.alloc(7 * 1024 * 1024, "x"));
    expect(await client.messages.expect(undefined, 15_000)).toMatchObject({ error: { code: -32600 } });
    client.write("the end of the long line\n");
    client.call(2, "echo", "next");
    expect(await client.messages.expect()).toMatchObject({ id: 2, ...text("next") });
    await leave(client);
  });

  test("[87, 88] end of input while calls run: every answer arrives whole, then the exit with 0", async () => {
    const client = start(plumbing);
    await client.initialize({ elicitation: {} });
    client.call("ask", "ask");
    await client.messages.expect(({ method }) => method === "elicitation/create");
    const large = "x".repeat(3_000_000);
    for (let id = 1; id <= 20; id += 1) client.call(id, "later", id * 10, { progressToken: id });
    client.call("large", "echo", large);
    // The last line has no line break.
    client.note(ping("last"));
    client.write(JSON.stringify(ping("last")));
    await leave(client);
    for (let id = 1; id <= 20; id += 1) expect(await client.answer(id)).toMatchObject(text(`after ${id * 10}`));
    expect(await client.answer("large")).toMatchObject(text(large));
    expect(await client.answer("ask")).toMatchObject({ result: { isError: true } });
    expect(client.messages.all.at(-1)).not.toHaveProperty("error");
    expect(client.messages.all.filter(({ id }) => id === "last")).toEqual([{ jsonrpc: "2.0", id: "last", result: {} }]);
  });
});

const STRAYS = [
  "stray: at import",
  "stray: before run",
  "stray: stdout.write before run",
  "stray: console.log",
  "stray: console.info",
  "console.table",
  "console.dir",
  "stray: stdout.write",
  "stray: half a line",
  "stray: fs.writeSync",
  "stray: fs.write",
  "stray: child",
  "stray: descriptor",
  "stray: spawnSync",
  "stray: execSync",
  '"result":{"stray":true}',
  "stray: worker console.log",
  "stray: worker stdout.write",
  "stray: worker fs.writeSync",
];
