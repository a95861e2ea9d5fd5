/** Sessions and their server: other nodes with the same secret, and restarts with and without it. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { McpServer, type McpServerOptions, type RunHandle } from "../../src/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { kept } from "../support/kept.js";
import { v1Driver, v2Driver } from "../support/official.js";
import { collect, LegacySession, post, type RawStream, SseClient } from "../support/raw-http.js";
import { type BusySession, busySession, registerBusy, SESSION_REVISIONS } from "./helpers/busy-session.js";
import { hammer, type MarkedClient, modernClient, sessionClient, statelessClient } from "./helpers/marked-clients.js";
import { type Balancer, roundRobin } from "./helpers/round-robin.js";
import { BY_NAME } from "./helpers/server.js";

const SECRET = "one secret for all nodes";
const PING = { jsonrpc: "2.0", id: "p", method: "ping" };

const running: RunHandle[] = [];
afterEach(async () => {
  for (const one of running.splice(0)) await one.close();
});

interface Node {
  readonly mcp: McpServer;
  readonly handle: RunHandle;
  readonly url: string;
}

/** Starts a node; a restarted one gets the port that it had. */
async function node(options: McpServerOptions, port = 0): Promise<Node> {
  const mcp = new McpServer({ name: "node", version: "1.0.0" }, { auth: BY_NAME, logger: silentLogger, ...options });
  registerBusy(mcp);
  mcp.registerTool("echo", {}, () => "echo");
  const handle = await mcp.run({ transport: "http", port, signals: false });
  running.push(handle);
  return { mcp, handle, url: handle.url ?? "" };
}

/** The same session, spoken to at another node. */
const at = ({ url }: Node, { initializeResult, id, headers, recorder }: LegacySession): LegacySession => {
  return new LegacySession(url, initializeResult, { id, headers, recorder });
};

async function restarted({ handle, url }: Node, options: McpServerOptions): Promise<Node> {
  await handle.close();
  return node(options, Number(new URL(url).port));
}

const statusOf = async (stream: Promise<RawStream>) => (await collect(kept(await stream))).status;

describe.each(SESSION_REVISIONS)("%s", (revision) => {
  test("[37] a session goes from node to node, with a stream open at one of them", async () => {
    const [a, b] = [await node({ secret: SECRET }), await node({ secret: SECRET })];
    const busy = kept(await busySession(a.mcp, a.url, { revision }));
    const there = at(b, busy.session);
    for (let round = 0; round < 5; round += 1) {
      for (const session of [busy.session, there]) expect((await session.post(PING)).reply?.result).toEqual({});
    }
    const standing = kept(await there.listen());
    expect(standing.status).toBe(200);
    await busy.assertUndisturbed();
  });

  test("[37] nodes with secrets of their own: an exact 404 at the other one", async () => {
    const [a, b] = [await node({}), await node({})];
    const busy = kept(await busySession(a.mcp, a.url, { revision }));
    const there = at(b, busy.session);
    expect((await there.post(PING)).status).toBe(404);
    expect(await statusOf(there.listen())).toBe(404);
    expect((await there.end()).status).toBe(404);
    await busy.assertUndisturbed();
  });

  /** Everything a client that knows nothing of the restart may send next. */
  async function statuses({ session, call, question }: BusySession): Promise<Record<string, number>> {
    return {
      request: (await session.post(PING)).status,
      notification: (await session.notify("notifications/roots/list_changed")).status,
      response: (await session.respond(question.id, {})).status,
      stream: await statusOf(session.listen()),
      resumed: await statusOf(session.listen(call.parser.lastEventId)),
      // A client that never had an id to resume by.
      foreign: await statusOf(session.listen("AAAAAAAAAAAAAAAAAAAAAA_0")),
      end: (await session.end()).status,
    };
  }

  test("[38] a restart that loses the secret: 404 and nothing else, then a new session at the same place", async () => {
    const before = await node({});
    const busy = kept(await busySession(before.mcp, before.url, { revision }));
    const after = await restarted(before, {});
    for (const status of Object.values(await statuses(busy))) expect(status).toBe(404);
    await kept(await busySession(after.mcp, after.url, { revision })).assertUndisturbed();
  });

  test("[38] a restart that keeps it: the session goes on, only streams of before are an exact 404", async () => {
    const before = await node({ secret: SECRET });
    const busy = kept(await busySession(before.mcp, before.url, { revision }));
    const after = await restarted(before, { secret: SECRET });
    const standing = kept(await at(after, busy.session).listen());
    expect(standing.status).toBe(200);
    after.mcp.sendToolListChanged();
    await standing.messages.expect(({ method }) => method === "notifications/tools/list_changed");
    const { session, call } = busy;
    expect((await session.post(PING)).status).toBe(200);
    expect(await statusOf(session.listen(call.parser.lastEventId))).toBe(404);
    expect((await session.end()).status).toBe(204);
    expect((await session.post(PING)).status).toBe(404);
  });
});

test("[38] HTTP+SSE after a restart: posts are 404, and the reconnect that asks to resume opens a new session", async () => {
  const before = await node({ secret: SECRET });
  const client = kept(new SseClient(before.url.replace(/mcp$/, "sse"), {}));
  await client.resume();
  await client.initialize();
  const { endpoint } = client;
  await client.cut();
  await restarted(before, { secret: SECRET });
  expect((await post(endpoint, PING, { revision: "2024-11-05" })).status).toBe(404);
  await client.resume();
  expect(client.endpoint.href).not.toBe(endpoint.href);
  await client.initialize();
});

test.each([v1Driver("http"), v2Driver("legacy", "http"), v2Driver("modern", "http")])(
  "[38] the official client $label learns of a restart by its next call, and can connect again",
  async (driver) => {
    const before = await node({});
    const client = await driver.connect({ url: before.url });
    expect(await client.callTool("echo")).toMatchObject({ content: [{ text: "echo" }] });
    const after = await restarted(before, {});
    // A round trip later the client has noticed that its kept connections are closed.
    await post(after.url, PING);
    // 2026-07-28 has no session that could be gone.
    if (driver.era === "modern") await client.callTool("echo");
    else await expect(client.callTool("echo")).rejects.toThrow(/404|not found/i);
    const again = await driver.connect({ url: after.url });
    expect(await again.callTool("echo")).toMatchObject({ content: [{ text: "echo" }] });
    await again.close();
    await client.close().catch(() => undefined);
  },
);

describe("[39] three processes behind a balancer without affinity", () => {
  const NODES = 3;
  const CALLS = 150;
  const nodes: ChildProcess[] = [];
  let balancer: Balancer;
  beforeAll(async () => {
    const server = fileURLToPath(new URL("./fixtures/isolation-server.mjs", import.meta.url));
    const urls: string[] = [];
    for (let index = 0; index < NODES; index += 1) {
      const child = fork(server, { env: { ...process.env, MCP_SECRET: SECRET } });
      nodes.push(child);
      urls.push(((await once(child, "message")) as [{ url: string }])[0].url);
    }
    balancer = await roundRobin(urls);
  });
  afterAll(async () => {
    await balancer?.close();
    for (const child of nodes) {
      child.kill();
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    }
  });

  test("every request of every revision at another node, all at once: each answer is its caller's", async () => {
    const { base } = balancer;
    // What older revisions ask on the way is answered by a request of its own, which must find the node that asked.
    const answerable = (client: MarkedClient): MarkedClient => {
      return { ...client, hows: client.hows.filter((how) => how !== "elicit" && how !== "sample") };
    };
    const clients = [
      ...(
        await Promise.all(SESSION_REVISIONS.map((revision) => sessionClient({ base, user: revision }, revision)))
      ).map(answerable),
      modernClient({ base, user: "modern" }),
      statelessClient({ base }),
    ];
    await Promise.all(clients.map((client) => hammer(client, CALLS, 8)));
    const [least, most] = [Math.min(...balancer.counts), Math.max(...balancer.counts)];
    expect(most - least).toBeLessThanOrEqual(1);
    expect(least).toBeGreaterThanOrEqual((CALLS * clients.length) / NODES);
    await Promise.all(clients.map((client) => client.close()));
  });
});
