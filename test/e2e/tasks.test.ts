/** The extension `io.modelcontextprotocol/tasks` (2026-07-28, SEP-2663): when calls become tasks, and what comes of them. */
import { beforeEach, describe, expect, it } from "vitest";
import { legacySession } from "../support/raw-http.js";
import { errorOf, refusal, resultOf, textOf } from "./fixtures/modern-client.js";
import { servingTasks, TASKS, type TaskClient, type TaskServer } from "./fixtures/task-server.js";

const serve = servingTasks();
let served: TaskServer;
let ann: TaskClient;
beforeEach(async () => {
  served = await serve();
  ann = served.as("ann");
});
const KEY = "an-idempotency-key";
const plain = { capabilities: {} };

describe("creation", () => {
  it("answers a tool that is always a task at once, and tasks/get finds it", async () => {
    const created = resultOf(await ann.call("job", { name: "a" }));
    expect(created).toMatchObject({ resultType: "task", status: "working", ttlMs: 7_200_000, pollIntervalMs: 1000 });
    expect(await ann.get(String(created.taskId))).toMatchObject({ status: "working", createdAt: created.createdAt });
    served.work.release("a");
    const done = await ann.reaches(String(created.taskId), "completed");
    expect(done.result).toEqual({ resultType: "complete", content: [{ type: "text", text: "done a" }] });
    expect(served.work.count("a")).toBe(1);
  });

  it.each(["slow", "read"])("makes a task of a call of %s when it is slow, and runs its handler once", async (tool) => {
    for (const user of ["ann", ""]) {
      const client = served.as(user);
      const name = `${tool}-${user}`;
      const taskId = await client.task(tool, { name });
      served.work.release(name);
      expect((await client.reaches(taskId, "completed")).result).toMatchObject({ content: [{ text: `done ${name}` }] });
      expect(served.work.count(name)).toBe(1);
    }
  });

  it.each(["slow", "read", "never"])("answers a quick call of %s with its result", async (tool) => {
    served.work.release("quick");
    expect(textOf(await ann.call(tool, { name: "quick" }))).toBe("done quick");
  });

  it.each(["job", "slow", "read"])("never makes a task of %s for a client that did not declare it", async (tool) => {
    const answer = ann.call(tool, { name: "b" }, plain);
    await served.work.started("b");
    served.work.release("b");
    expect(textOf(await answer)).toBe("done b");
  });

  it("lets a slow call alone that asked for progress, which tasks do not have", async () => {
    const stream = await ann.raw.open(
      "tools/call",
      { name: "slow", arguments: { name: "c" } },
      { capabilities: TASKS, progressToken: 1 },
    );
    await served.work.started("c");
    served.work.release("c");
    const { result } = await stream.messages.expect(({ id }) => id === 1);
    expect(result).toMatchObject({ resultType: "complete", content: [{ text: "done c" }] });
  });

  it("refuses a tool that cannot do without, on either era", async () => {
    const missing = { requiredCapabilities: { extensions: { "io.modelcontextprotocol/tasks": {} } } };
    const refused = await ann.call("required", { name: "d" }, plain);
    expect(refusal(refused)).toMatchObject({ status: 400, code: -32021 });
    expect(errorOf(refused).data).toEqual(missing);
    const session = await legacySession(served.url, "2025-11-25", { headers: { "x-user": "ann" } });
    const params = { name: "required", arguments: { name: "d" } };
    const legacy = await session.post({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
    expect(legacy.reply?.error).toMatchObject({ code: -32600 });
    expect(served.work.starts).toEqual([]);
    expect(resultOf(await ann.call("required", { name: "d" }))).toMatchObject({ resultType: "task", ttlMs: 60_000 });
  });

  it("takes a legacy task parameter for nothing, and knows no tasks/list and tasks/result", async () => {
    served.work.release("e");
    const params = { task: { ttl: 1000 } };
    expect(textOf(await ann.call("never", { name: "e" }, { params, capabilities: TASKS }))).toBe("done e");
    for (const method of ["tasks/list", "tasks/result"]) {
      const answer = await ann.raw.send(method, { taskId: "x" }, { capabilities: TASKS });
      expect(refusal(answer)).toMatchObject({ status: 404, code: -32601 });
    }
  });
});

describe("outcomes", () => {
  it("a JSON-RPC error fails the task with that error", async () => {
    const failed = await ann.reaches(await ann.task("breaks"), "failed");
    expect(failed).toMatchObject({
      statusMessage: "broken",
      error: { code: -32603, message: "broken", data: { part: 7 } },
    });
  });

  it("what a tool says went wrong completes it, a refusal too: its client waits for an outcome", async () => {
    const task = await ann.reaches(await ann.task("retryable"), "completed");
    expect(task.result).toMatchObject({ isError: true, content: [{ text: "Not now." }] });
  });

  it("a result above its bound is replaced by words", async () => {
    const small = (await serve({ limits: { maxResultBytes: 2000 } })).as("ann");
    const task = await small.reaches(await small.task("large"), "completed");
    expect(task.result).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining("maxResultBytes") }],
    });
  });

  it("progress is the status message", async () => {
    const taskId = await ann.task("reports", { name: "f" });
    await served.work.started("f");
    expect(await ann.get(taskId)).toMatchObject({ status: "working", statusMessage: "one of three" });
  });
});

describe("[13] cancelling", () => {
  it("aborts the handler; the task is cancelled, and cancelling it again changes nothing", async () => {
    const taskId = await ann.task("job", { name: "g" });
    await served.work.started("g");
    await ann.cancel(taskId);
    expect(await ann.reaches(taskId, "cancelled")).not.toHaveProperty("result");
    expect(served.work.aborts).toEqual(["g"]);
    await ann.cancel(taskId);
    expect(await ann.get(taskId)).toMatchObject({ status: "cancelled" });
  });

  it.each(["slow", "read"])("aborts a call of %s that became a task", async (tool) => {
    const taskId = await ann.task(tool, { name: "h" });
    await ann.cancel(taskId);
    await ann.reaches(taskId, "cancelled");
    expect(served.work.aborts).toEqual(["h"]);
  });

  it("lets the outcome stand when the work was finished all the same, or before", async () => {
    const stubborn = await ann.task("stubborn", { name: "i" });
    await served.work.started("i");
    await ann.cancel(stubborn);
    const done = await ann.reaches(stubborn, "completed", "cancelled");
    expect(done).toMatchObject({ status: "completed", result: { content: [{ text: "finished all the same" }] } });
    await ann.cancel(stubborn);
    expect(await ann.get(stubborn)).toEqual(done);
  });
});

describe("[S8, 79] whose task it is", () => {
  it.each(["tasks/get", "tasks/update", "tasks/cancel"])("%s knows no task of another caller", async (method) => {
    const taskId = await ann.task("job", { name: "j" });
    const missing = await ann.error(
      method,
      taskId.replace(/^./, (first) => (first === "A" ? "B" : "A")),
    );
    expect(missing.code).toBe(-32602);
    for (const user of ["bob", ""]) expect(await served.as(user).error(method, taskId)).toEqual(missing);
    for (const id of ["", "x", "../x", `${taskId}x`, "__proto__"]) expect(await ann.error(method, id)).toEqual(missing);
    expect(await ann.get(taskId)).toMatchObject({ status: "working" });
    expect(served.work.aborts).toEqual([]);
  });

  it("[22] who may not call the tool any more does not get its result", async () => {
    const { raw } = ann;
    const may = { capabilities: TASKS, headers: { "x-may": "jobs" } };
    served.work.release("k");
    const created = resultOf(await raw.tool("guarded", { name: "k" }, may));
    const params = { taskId: created.taskId };
    expect(resultOf(await raw.send("tasks/get", params, may))).toMatchObject({ taskId: created.taskId });
    expect(refusal(await raw.send("tasks/get", params, { capabilities: TASKS }))).toMatchObject({ code: -32602 });
  });

  it("asks for the extension in every request, and for the id in the header", async () => {
    const taskId = await ann.task("job", { name: "l" });
    for (const method of ["tasks/get", "tasks/update", "tasks/cancel"]) {
      const params = { taskId, inputResponses: {} };
      expect(refusal(await ann.raw.send(method, params, plain))).toMatchObject({ status: 400, code: -32021 });
      const headers = { "mcp-name": "another" };
      const wrong = await ann.raw.send(method, params, { capabilities: TASKS, headers });
      expect(refusal(wrong)).toMatchObject({ status: 400, code: -32020 });
    }
  });
});

describe("[23] a create reply that was lost", () => {
  const params = { idempotencyKey: KEY };

  it.each(["job", "slow"])("is given again for the same key while %s runs, and after", async (tool) => {
    const first = await ann.task(tool, { name: "m" }, params);
    expect(await ann.task(tool, { name: "m" }, params)).toBe(first);
    served.work.release("m");
    await ann.reaches(first, "completed");
    expect(resultOf(await ann.call(tool, { name: "m" }, { params }))).toMatchObject({
      resultType: "task",
      taskId: first,
      status: "completed",
    });
    expect(served.work.count("m")).toBe(1);
  });

  it("gives both of two calls at a time the same task", async () => {
    const calls = [1, 2, 3].map(() => ann.task("slow", { name: "n" }, params));
    expect(new Set(await Promise.all(calls)).size).toBe(1);
    expect(served.work.count("n")).toBe(1);
  });

  it("gives a client without the extension the outcome itself", async () => {
    const taskId = await ann.task("job", { name: "o" }, params);
    const waiting = ann.call("job", { name: "o" }, { ...plain, params });
    served.work.release("o");
    await ann.reaches(taskId, "completed");
    expect(textOf(await waiting)).toBe("done o");
    expect(textOf(await ann.call("job", { name: "o" }, { ...plain, params }))).toBe("done o");
    expect(served.work.count("o")).toBe(1);
  });

  it("[8] refuses the key with other arguments, and says nothing of the task", async () => {
    const taskId = await ann.task("job", { name: "p" }, params);
    const refused = await ann.call("job", { name: "q" }, { params });
    expect(refusal(refused)).toMatchObject({ code: 1409 });
    expect(refused.raw.toString("utf8")).not.toContain(taskId);
  });

  it("[25] without a key, two calls whose tasks were told are two tasks", async () => {
    for (const tool of ["job", "slow"]) {
      const first = await ann.task(tool, { name: tool });
      expect(await ann.task(tool, { name: tool })).not.toBe(first);
      expect(served.work.count(tool)).toBe(2);
    }
  });
});

describe("bounds", () => {
  it("limits.maxTasksPerPrincipal: a slow call stays a call when there are as many tasks as there may be; a task waits", async () => {
    const tight = await serve({ limits: { maxTasksPerPrincipal: 1 } });
    const one = tight.as("one");
    await one.task("job", { name: "r" });
    expect(refusal(await one.call("job", { name: "s" }))).toMatchObject({ status: 503, code: 1503 });
    const slow = one.call("slow", { name: "t" });
    const read = one.call("read", { name: "u" });
    await tight.as("two").task("slow", { name: "v" });
    for (const name of ["t", "u"]) tight.work.release(name);
    expect([textOf(await slow), textOf(await read)]).toEqual(["done t", "done u"]);
    expect(tight.work.count("s")).toBe(0);
  });

  it("limits.taskPollMs is what clients are told to wait before they ask", async () => {
    const polled = (await serve({ limits: { taskPollMs: 250 } })).as("ann");
    expect(resultOf(await polled.call("job", { name: "polled" }))).toMatchObject({ pollIntervalMs: 250 });
  });

  it("limits.taskMaxBytesTotal counts the results that are kept", async () => {
    const tight = (await serve({ limits: { taskMaxBytesTotal: 4000 } })).as("ann");
    await tight.reaches(await tight.task("large"), "completed");
    expect(refusal(await tight.call("large"))).toMatchObject({ code: 1503 });
  });

  it("limits.taskTtlMs, limits.maxTasks: forgets a task when its time is over, and gives its place to others", async () => {
    const brief = (await serve({ limits: { taskTtlMs: 1, maxTasks: 1 } })).as("");
    const taskId = await brief.task("breaks");
    let error: unknown;
    for (let look = 0; look < 1000 && error === undefined; look += 1) {
      error = (await brief.raw.send("tasks/get", { taskId }, { capabilities: TASKS })).reply?.error;
    }
    expect(error).toMatchObject({ code: -32602 });
    expect(await brief.task("breaks")).not.toBe(taskId);
  });
});
