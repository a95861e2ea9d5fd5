/** [87, 89] How a server over stdio ends: killed hosts, closed pipes, signals, and readers that do not read. */
import { spawn } from "node:child_process";
import { afterEach, describe, expect, test } from "vitest";
import { modernRequest } from "../support/raw-http.js";
import { fixture, isRunning, type Plumbing, residentBytes, StdioClient } from "./helpers/stdio-client.js";
import { until } from "./helpers/until.js";

const pids: number[] = [];
afterEach(() => {
  for (const pid of pids.splice(0)) if (isRunning(pid)) process.kill(pid, "SIGKILL");
});

interface Started {
  readonly client: StdioClient;
  readonly pid: number;
}

async function started(plumbing: Plumbing = "socket pair", graceMs = 10_000): Promise<Started> {
  const client = new StdioClient(plumbing, { MCP_GRACE_MS: String(graceMs) });
  pids.push(client.child.pid ?? 0);
  const pid = Number((await client.says(/ready (\d+)/))[1]);
  pids.push(pid);
  await client.initialize({ elicitation: {} });
  return { client, pid };
}

describe("[87] the host is killed", () => {
  test.each([
    ["pipe", "its end of the pipe closes"],
    ["inherit", "stdin stays open in somebody else's hands"],
  ])("SIGKILL, stdin %s (%s): the server is gone soon after", async (stdin) => {
    const host = spawn(process.execPath, [fixture("stdio-parent.mjs"), stdin], { stdio: ["pipe", "pipe", "pipe"] });
    pids.push(host.pid ?? 0);
    let said = "";
    const pid = await new Promise<number>((resolve) => {
      host.stderr.setEncoding("utf8").on("data", (chunk: string) => {
        said += chunk;
        const match = /ready (\d+)/.exec(said);
        if (match !== null) resolve(Number(match[1]));
      });
    });
    pids.push(pid);
    expect(isRunning(pid)).toBe(true);
    host.kill("SIGKILL");
    await until("the server has ended", () => !isRunning(pid));
  });
});

describe.each<Plumbing>(["socket pair", "pipe"])("over a %s", (plumbing) => {
  test("[87] EPIPE: the reader closes, the server ends without a crash", async () => {
    const { client, pid } = await started(plumbing);
    client.child.stdout.destroy();
    // Through `cat` it takes some messages until the server itself meets the closed pipe.
    for (let id = 1; id <= 200 && isRunning(pid); id += 1) client.call(id, "echo", "x".repeat(10_000));
    await until("the server has ended", () => !isRunning(pid));
    expect(await client.exited).toBe(0);
    expect(client.stderr).not.toMatch(/Error:|at .*:\d+:\d+/);
  });

  test("[89] SIGTERM with a call in flight: it is answered, then the exit with 0", async () => {
    const { client, pid } = await started(plumbing);
    client.call(1, "work", undefined, { progressToken: 7 });
    await client.says(/working/);
    process.kill(pid, "SIGTERM");
    expect(await client.answer(1)).toMatchObject({ result: { content: [{ text: "worked" }] } });
    expect(await client.exited).toBe(0);
  });
});

test("[89] a second SIGTERM does not wait for the call", async () => {
  const { client, pid } = await started();
  client.call(1, "wait");
  process.kill(pid, "SIGTERM");
  await client.says(/stopping/);
  process.kill(pid, "SIGTERM");
  expect(await client.exited).not.toBe(0);
});

test("[89] SIGTERM with listen streams and questions open: they end, the exit is 0", async () => {
  const { client, pid } = await started("socket pair", 100);
  const notifications = { toolsListChanged: true };
  client.send(modernRequest("subscriptions/listen", { notifications }, { id: "stream" }).message);
  await client.messages.expect(({ method }) => method === "notifications/subscriptions/acknowledged");
  client.call("ask", "ask");
  await client.messages.expect(({ method }) => method === "elicitation/create");
  process.kill(pid, "SIGTERM");
  expect(await client.answer("stream")).toHaveProperty("result");
  expect(await client.answer("ask")).toMatchObject({ id: "ask" });
  expect(await client.exited).toBe(0);
});

test("[51, 88] a host that does not read while a tool sends 200 MB of progress: memory is bounded, the answer comes", async () => {
  const { client, pid } = await started();
  const before = residentBytes(pid);
  client.child.stdout.pause();
  client.call(1, "flood", 3_200, { progressToken: 7 });
  await client.says(/flooded/);
  const grown = residentBytes(pid) - before;
  client.child.stdout.resume();
  expect(await client.answer(1)).toMatchObject({ result: { content: [{ text: "flooded" }] } });
  expect(grown).toBeLessThan(100 * 1024 * 1024);
});

test("[51, 89] SIGTERM, and a host that lives but reads nothing of what waits for it: the exit is 0 all the same", async () => {
  const { client, pid } = await started();
  client.child.stdout.pause();
  // More than any pipe takes.
  client.call(1, "flood", 200, { progressToken: 7 });
  await client.says(/flooded/);
  const ended = new Promise((resolve) => client.child.once("exit", resolve));
  process.kill(pid, "SIGTERM");
  expect(await ended).toBe(0);
});

describe.each<Plumbing>(["socket pair", "pipe"])(
  "[51, 87] a host that closes its input and reads nothing, over a %s",
  (plumbing) => {
    test("is seen to have gone, also when it sent more before", async () => {
      for (const more of [0, 3]) {
        const { client, pid } = await started(plumbing);
        client.child.stdout.pause();
        client.call(1, "flood", 200, { progressToken: 7 });
        await client.says(/flooded/);
        for (let id = 2; id < 2 + more; id += 1) client.call(id, "echo", "unread");
        client.child.stdin.end();
        await until("the server has ended", () => !isRunning(pid));
        client.child.kill("SIGKILL");
      }
    });
  },
);

test("[51, 89] a host that closes its input and reads late is told everything it asked for", async () => {
  const { client } = await started();
  client.child.stdout.pause();
  client.call(1, "flood", 200, { progressToken: 7 });
  await client.says(/flooded/);
  // More than is read ahead.
  for (let id = 2; id <= 40; id += 1) client.call(id, "echo", "x".repeat(50_000));
  client.child.stdin.end();
  client.child.stdout.resume();
  for (let id = 1; id <= 40; id += 1) expect(await client.answer(id)).toHaveProperty("result");
  expect(await client.exited).toBe(0);
});
