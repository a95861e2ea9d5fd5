/** [89] Servers that stop while work is going on: it is given its time, and whoever waits is told. */
import { describe, expect, it } from "vitest";
import { McpServer, type RunHandle } from "../../src/index.js";
import { definitionOf } from "../../src/mcp-server.js";
import { silentLogger } from "../../src/util/logger.js";
import { until } from "../faults/helpers/until.js";
import { modernRequest, open, post } from "../support/raw-http.js";
import { expectError, textOf } from "./helpers/outcomes.js";
import { registerWorks, Works } from "./helpers/tools.js";
import { newKey } from "./helpers/way.js";
import { BY_HEADER } from "./helpers/works.js";

interface Stopping {
  readonly handle: RunHandle;
  readonly works: Works;
  readonly app: ReturnType<typeof definitionOf>;
}

async function started(): Promise<Stopping> {
  const mcp = new McpServer({ name: "stopping", version: "1.0.0" }, { auth: BY_HEADER, logger: silentLogger });
  const works = new Works();
  registerWorks(mcp, works);
  return { handle: await mcp.run({ transport: "http", port: 0, signals: false }), works, app: definitionOf(mcp) };
}

function request(key: string, id: number, args = { of: "a", hold: true }) {
  const { message, headers } = modernRequest("tools/call", { name: "write", arguments: args }, { id });
  return { message, headers: { ...headers, "idempotency-key": key, "x-user": "alice" } };
}

describe("[89] a server that is shut down gently", () => {
  it("lets work end, and answers all who wait for it", async () => {
    const { handle, works, app } = await started();
    const key = newKey();
    const calls = [1, 2, 3].map((id) => {
      const { message, headers } = request(key, id);
      return post(handle.url ?? "", message, { headers });
    });
    await until("all wait", () => app.calls.size === 3);
    const stopped = handle.shutdown({ graceMs: 10_000 });
    works.of("a")[0]?.finish(() => "in time");
    expect((await Promise.all(calls)).map(({ reply }) => textOf(reply ?? {}))).toEqual(Array(3).fill("in time"));
    await stopped;
    expect([works.count("a"), app.ledger.size]).toEqual([1, 0]);
  });

  it("waits for work that nobody is connected to", async () => {
    const { handle, works, app } = await started();
    const controller = new AbortController();
    const { message, headers } = request(newKey(), 1);
    const { signal } = controller;
    const call = open(handle.url ?? "", { method: "POST", body: message, headers, signal }).catch(() => "left");
    const start = await works.started("a");
    controller.abort();
    await call;
    await until("the server knows", () => app.calls.size === 0);
    let ended = false;
    const stopped = handle.shutdown({ graceMs: 10_000 }).then(() => {
      ended = true;
    });
    await until("the server is draining", () => app.draining);
    expect([start.aborted, ended, app.ledger.size]).toEqual([false, false, 1]);
    start.finish();
    await stopped;
    expect(app.ledger.size).toBe(0);
  });

  it("refuses new work without using its key up, and does not join to old work either", async () => {
    const { handle, works, app } = await started();
    const key = newKey();
    const first = request(key, 1);
    const held = post(handle.url ?? "", first.message, { headers: first.headers });
    await works.started("a");
    const stopped = handle.shutdown({ graceMs: 10_000 });
    for (const { message, headers } of [request(newKey(), 2), request(key, 3)]) {
      const { status, reply } = await post(handle.url ?? "", message, { headers });
      expect(status).toBe(503);
      if (reply !== undefined) expectError(reply, 1503);
    }
    works.finishAll();
    await held;
    await stopped;
    expect([works.count("a"), app.ledger.size]).toEqual([1, 0]);
  });

  it("tells work and callers when its time is over", async () => {
    const { handle, works, app } = await started();
    const { message, headers } = request(newKey(), 1);
    const call = post(handle.url ?? "", message, { headers });
    const start = await works.started("a");
    const stopped = handle.shutdown({ graceMs: 1 });
    const { status, reply } = await call;
    expect(status).toBe(503);
    expect(expectError(reply ?? {}, 1503)).toMatch(/shutting down/);
    expect(start.aborted).toBe(true);
    await stopped;
    await until("the work has ended", () => app.ledger.size === 0);
  });
});
