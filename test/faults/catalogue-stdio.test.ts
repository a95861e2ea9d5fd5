/** A server over stdio and what it leaves behind: processes, memory, and answers in the words of either era. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { modernRequest } from "../support/raw-http.js";
import { fixture, type Plumbing, residentBytes, StdioClient } from "./helpers/stdio-client.js";
import { until } from "./helpers/until.js";

const MARK = "HOLDFAST_TEST_MARK";
/** How long a call may go on when the server is told to end. */
const GRACE_MS = 200;
const META = "io.modelcontextprotocol";

const children: ChildProcessWithoutNullStreams[] = [];
const marks: string[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  for (const mark of marks.splice(0)) for (const pid of marked(mark)) process.kill(pid, "SIGKILL");
});

/** Every process that was started, by whomever, with this mark in its environment. */
function marked(mark: string): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, "latin1").includes(`${MARK}=${mark}`);
      } catch {
        // Gone meanwhile, somebody else's, or a zombie that only waits to be counted.
        return false;
      }
    })
    .map(Number);
}

interface Stubborn {
  readonly host: ChildProcessWithoutNullStreams;
  readonly mark: string;
  readonly server: number;
  says(pattern: RegExp): Promise<RegExpExecArray>;
  send(id: number, name: string): void;
}

/** The server below a shell: the shell is the host that can be killed while stdin and stdout stay open. */
async function stubborn(guard: string): Promise<Stubborn> {
  const mark = randomUUID();
  marks.push(mark);
  const script = '"$0" "$1"; :';
  const env = { ...process.env, [MARK]: mark, MCP_GRACE_MS: String(GRACE_MS), HOLDFAST_STDIO_GUARD: guard };
  const host = spawn("sh", ["-c", script, process.execPath, fixture("stdio-stubborn.mjs")], { env });
  children.push(host);
  host.stdin.on("error", () => undefined);
  host.stdout.resume();
  let stderr = "";
  const waiting = new Set<() => void>();
  host.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    for (const look of waiting) look();
  });
  const says = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve) => {
      const look = () => {
        const match = pattern.exec(stderr);
        if (match === null) return;
        waiting.delete(look);
        resolve(match);
      };
      waiting.add(look);
      look();
    });
  const server = Number((await says(/ready (\d+)/))[1]);
  const send = (id: number, name: string) => {
    const { message } = modernRequest("tools/call", { name, arguments: {} }, { id });
    host.stdin.write(`${JSON.stringify(message)}\n`);
  };
  return { host, mark, server, says, send };
}

const ENDS: readonly (readonly [string, (one: Stubborn) => void])[] = [
  ["the host is killed and stdin stays open", ({ host }) => host.kill("SIGKILL")],
  ["the input ends", ({ host }) => host.stdin.end()],
  ["SIGTERM", ({ server }) => process.kill(server, "SIGTERM")],
  ["SIGINT", ({ server }) => process.kill(server, "SIGINT")],
  [
    "nobody reads any more",
    ({ host, send }) => {
      host.stdout.destroy();
      for (let id = 100; id < 120; id += 1) send(id, "echo");
    },
  ],
];

describe.runIf(process.platform === "linux").each(["auto", "relay"])(
  "[87] with the guard on %s, while calls run on",
  (guard) => {
    test.each(ENDS)("%s: the server ends, and so do the programs that its tools started", async (_how, end) => {
      const one = await stubborn(guard);
      one.send(1, "program");
      one.send(2, "busy");
      await one.says(/program \d+/);
      await one.says(/busy/);
      expect(marked(one.mark).length).toBeGreaterThanOrEqual(3);
      end(one);
      await until("no process is left", () => marked(one.mark).length === 0, 5_000);
    });
  },
);

const clients: StdioClient[] = [];
afterEach(() => {
  for (const { child } of clients.splice(0)) child.kill("SIGKILL");
});

function start(plumbing: Plumbing = "socket pair"): StdioClient {
  const client = new StdioClient(plumbing);
  clients.push(client);
  return client;
}

describe("[46] what a revision does not know, in its own words", () => {
  const send = async (client: StdioClient, method: string, params: Record<string, unknown>, id: string) => {
    const { message } = modernRequest(method, params, { id });
    client.send(message);
    return client.answer(id);
  };

  test("2026-07-28: a version, a method, an envelope", async () => {
    const client = start();
    const version = { _meta: { [`${META}/protocolVersion`]: "1999-01-01" } };
    expect(await send(client, "tools/list", version, "version")).toMatchObject({
      error: {
        code: -32022,
        data: { requested: "1999-01-01", supported: expect.arrayContaining(["2026-07-28", "2025-11-25"]) },
      },
    });
    for (const method of ["initialize", "ping", "logging/setLevel", "no/such", "constructor"]) {
      expect(await send(client, method, {}, method)).toMatchObject({ error: { code: -32601 } });
    }
    const broken = { _meta: { [`${META}/clientCapabilities`]: [] } };
    expect(await send(client, "tools/list", broken, "envelope")).toMatchObject({ error: { code: -32602 } });
    expect(await send(client, "tools/list", {}, "fine")).toHaveProperty("result");
  });

  test("the older ones: the newest of them is offered, and their methods are no others", async () => {
    const client = start();
    const params = { protocolVersion: "1999-01-01", capabilities: {}, clientInfo: { name: "a", version: "1" } };
    client.send({ jsonrpc: "2.0", id: "i", method: "initialize", params });
    expect(await client.answer("i")).toMatchObject({ result: { protocolVersion: "2025-11-25" } });
    for (const method of ["subscriptions/listen", "tasks/list", "no/such", "constructor"]) {
      client.send({ jsonrpc: "2.0", id: method, method, params: {} });
      expect(await client.answer(method)).toMatchObject({ error: { code: -32601 } });
    }
  });
});

test("[88, S14] 200 MB without a line break: one error, bounded memory, and the next line is served", {
  timeout: 60_000,
}, async () => {
  const client = start();
  const pid = Number((await client.says(/ready (\d+)/))[1]);
  await client.initialize();
  const before = residentBytes(pid);
  const piece = Buffer.alloc(1_048_576, "x");
  let most = 0;
  for (let sent = 0; sent < 200; sent += 1) {
    if (!client.child.stdin.write(piece)) await new Promise((resolve) => client.child.stdin.once("drain", resolve));
    most = Math.max(most, residentBytes(pid) - before);
  }
  client.write("\n");
  expect(await client.messages.expect()).toMatchObject({ error: { code: -32600 } });
  client.call(1, "echo", "next");
  expect(await client.answer(1)).toMatchObject({ result: { content: [{ text: "next" }] } });
  expect(client.messages.all).toHaveLength(3);
  expect(most).toBeLessThan(100 * 1_048_576);
});
