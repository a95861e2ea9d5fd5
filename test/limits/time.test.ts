/** What may take how long: the decision who is calling, and a call. The server's clock is the test's. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { custom, type Principal } from "../../src/index.js";
import { connect } from "../../src/testing/index.js";
import { TICK_MS } from "../../src/util/ticker.js";
import { until } from "../faults/helpers/until.js";
import { legacySession, open, sse } from "../support/raw-http.js";
import { DAY_MS, leap, stopClock, YEARS_MS } from "./helpers/clock.js";
import { type By, call, expectBusy, expectServed, type Limited, listen, serving } from "./helpers/limited.js";

const serve = serving();
afterEach(() => void vi.useRealTimers());

describe("limits.authTimeoutMs", () => {
  const MAX = 5_000;
  const ALICE: Principal = { issuer: "test", subject: "alice", permissions: ["*"] };

  interface Deciding {
    readonly limited: Limited;
    readonly waiting: { resolve(principal: Principal): void; reject(error: Error): void }[];
    /** How many requests got past the authenticator. */
    readonly ran: () => number;
  }

  /** A server that takes its time over everybody who says who they are. */
  async function deciding(authTimeoutMs: number): Promise<Deciding> {
    stopClock("setTimeout", "clearTimeout");
    const waiting: Deciding["waiting"] = [];
    const auth = custom((request) => {
      if (request.header("x-user") === undefined) return { issuer: "anonymous", subject: "anonymous", permissions: [] };
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    });
    const limited = await serve({ authTimeoutMs }, { auth });
    let ran = 0;
    limited.mcp.registerTool("counted", { annotations: { readOnlyHint: true } }, () => {
      ran += 1;
      return "counted";
    });
    return { limited, waiting, ran: () => ran };
  }

  const by: By = { user: "alice" };

  it("answers 503 to whoever is undecided by then, whatever is asked; a late decision lets nobody in", async () => {
    const { limited, waiting, ran } = await deciding(MAX);
    let answered = 0;
    const streams = [
      ...["POST", "GET", "DELETE"].map((method) => open(limited.url, { method, headers: { "x-user": "alice" } })),
      open(limited.sseUrl, { headers: { "x-user": "alice" } }),
    ];
    const calls = [call(limited.url, "counted", {}, by), call(limited.url, "counted", {}, by)];
    for (const one of [...streams, ...calls]) void one.then(() => (answered += 1));
    await until("all are asked about", () => waiting.length === 6);
    vi.advanceTimersByTime(MAX - 1);
    await expectServed(call(limited.url, "quick"));
    expect(answered).toBe(0);
    vi.advanceTimersByTime(1);
    for (const one of [...streams, ...calls]) expectBusy(await one);
    expect((await calls[0])?.raw.toString()).toBe(
      "It could not be found out in time who is calling; try again later.\n",
    );
    waiting[0]?.reject(new Error("late"));
    for (const { resolve } of waiting) resolve(ALICE);
    await expectServed(call(limited.url, "quick"));
    expect(ran()).toBe(0);
    expect(limited.logged.map(({ event }) => event)).toEqual(Array.from({ length: 6 }, () => "authentication_timeout"));
    await limited.settled();
  });

  it("is over with the decision: whoever was let in, or not, in time stays so", async () => {
    const { limited, waiting, ran } = await deciding(MAX);
    const calls = [call(limited.url, "counted", {}, by), call(limited.url, "counted", {}, by)];
    await until("both are asked about", () => waiting.length === 2);
    const timers = vi.getTimerCount();
    vi.advanceTimersByTime(MAX - 1);
    waiting[0]?.resolve(ALICE);
    waiting[1]?.reject(new Error("no"));
    const statuses = (await Promise.all(calls)).map(({ status }) => status);
    expect([statuses.sort(), ran()]).toEqual([[200, 401], 1]);
    expect(vi.getTimerCount()).toBeLessThan(timers);
    const held = call(limited.url, "hold", {}, by);
    await until("the third is asked about", () => waiting.length === 3);
    waiting[2]?.resolve(ALICE);
    await limited.holding(1);
    vi.advanceTimersByTime(2 * MAX);
    limited.release();
    await expectServed(held, "held");
    await limited.settled();
  });

  it("lifted with Infinity waits as long as it takes", async () => {
    const { limited, waiting } = await deciding(Number.POSITIVE_INFINITY);
    const answer = call(limited.url, "counted", {}, by);
    await until("it is asked", () => waiting.length === 1);
    vi.advanceTimersByTime(YEARS_MS);
    waiting[0]?.resolve(ALICE);
    await expectServed(answer, "counted");
  });
});

describe("limits.callTimeoutMs", () => {
  const MAX = 10_000;
  const ENDED = { code: -32603, message: "The call took too long and was ended." };

  it("ends a call that lasts longer, in words; those that began later go on, and their place is free again", async () => {
    stopClock();
    const limited = await serve({ callTimeoutMs: MAX });
    const first = call(limited.url, "hold");
    await limited.holding(1);
    vi.advanceTimersByTime(MAX / 2);
    const second = call(limited.url, "hold", {}, { user: "b" });
    await limited.holding(2);
    vi.advanceTimersByTime(MAX / 2);
    expect(limited.app.calls.size).toBe(2);
    vi.advanceTimersByTime(2 * TICK_MS);
    expect((await first).reply).toMatchObject({ error: ENDED });
    expect(limited.app.calls.size).toBe(1);
    await expectServed(call(limited.url, "quick"));
    limited.release();
    await expectServed(second, "held");
    await limited.settled();
  });

  it("is the same in a session, over HTTP+SSE and in process; the handler is told by its signal", async () => {
    stopClock();
    const limited = await serve({ callTimeoutMs: MAX });
    const told: unknown[] = [];
    limited.mcp.registerTool("told", { annotations: { readOnlyHint: true } }, (ctx) => {
      return new Promise<string>(() => ctx.signal.addEventListener("abort", () => told.push(ctx.signal.reason)));
    });
    const session = await legacySession(limited.url);
    const client = await sse(limited.sseUrl);
    await client.initialize();
    const inProcess = await connect(limited.mcp);
    const over = [session.request("tools/call", { name: "told" }), client.request("tools/call", { name: "told" })];
    const failing = expect(inProcess.callTool("told")).rejects.toMatchObject(ENDED);
    await limited.holding(3);
    vi.advanceTimersByTime(MAX + 2 * TICK_MS);
    for (const one of over) expect((await one).error).toMatchObject(ENDED);
    await failing;
    expect(told).toMatchObject(Array.from({ length: 3 }, () => ({ code: "ERR_TIMEOUT" })));
    expect(limited.app.calls.size).toBe(0);
    client.close();
    await inProcess.close();
  });

  it("is for calls: listen streams last, and so does a tool with a timeoutMs of its own", async () => {
    stopClock();
    // Nothing is sent while time flies: there is nobody to take it meanwhile.
    const limited = await serve({ callTimeoutMs: MAX, keepAliveMs: DAY_MS });
    let release: () => void = () => undefined;
    limited.mcp.registerTool("patient", { timeoutMs: DAY_MS, annotations: { readOnlyHint: true } }, async () => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return "patient";
    });
    const stream = await listen(limited.url);
    const patient = call(limited.url, "patient");
    await limited.holding(2);
    vi.advanceTimersByTime(10 * MAX);
    limited.mcp.registerTool("new", {}, () => "new");
    await stream.messages.expect(({ method }) => method === "notifications/tools/list_changed");
    release();
    await expectServed(patient, "patient");
    stream.close();
    await limited.settled();
  });

  it("lifted with Infinity ends nothing", async () => {
    stopClock();
    const limited = await serve({ callTimeoutMs: Number.POSITIVE_INFINITY });
    const held = call(limited.url, "hold");
    await limited.holding(1);
    leap(YEARS_MS);
    expect(limited.app.calls.size).toBe(1);
    limited.release();
    await expectServed(held, "held");
  });
});
