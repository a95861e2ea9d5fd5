/** Limits of calls that become tasks: counted when they begin, holding a place while they work, never failed halfway. */
import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { definitionOf } from "../../src/mcp-server.js";
import { refusal, resultOf, textOf } from "../e2e/fixtures/modern-client.js";
import { servingTasks, type TaskClient, type TaskServer } from "../e2e/fixtures/task-server.js";
import { until } from "../faults/helpers/until.js";

const serve = servingTasks();
const inputSchema = z.object({ name: z.string() });
const ONCE = { limit: 1, windowMs: 600_000 };
let served: TaskServer;
let ann: TaskClient;
beforeEach(async () => {
  served = await serve();
  ann = served.as("ann");
  const { mcp, work } = served;
  const waits = async ({ name }: { name: string }, ctx: Parameters<typeof work.wait>[1]) => {
    await work.wait(name, ctx);
    return `done ${name}`;
  };
  mcp.registerTool("once", { inputSchema, task: "always", rateLimit: ONCE }, waits);
  mcp.registerTool("alone", { inputSchema, task: "always", concurrency: 1 }, waits);
  mcp.registerTool("slowly", { inputSchema, concurrency: 1, annotations: { readOnlyHint: true } }, waits);
  mcp.registerTool("asks", { inputSchema, task: "always", concurrency: 1, rateLimit: ONCE }, async ({ name }, ctx) => {
    const { content } = await ctx.elicit({ message: "Age?", requestedSchema: z.object({ age: z.number() }) });
    await work.wait(name, ctx);
    return `age ${content?.age}`;
  });
});

const free = () => until("no place is held", () => definitionOf(served.mcp).admissions.size === 0);
const LIMITED = { status: 429, code: 1429 };
const keyed = (idempotencyKey: string) => ({ params: { idempotencyKey } });

describe("a task", () => {
  it("that is one too many is not made: the call is refused", async () => {
    const taskId = await ann.task("once", { name: "a" });
    expect(refusal(await ann.call("once", { name: "b" }))).toMatchObject(LIMITED);
    expect(await served.as("bob").task("once", { name: "c" })).not.toBe(taskId);
    served.work.release("a");
    expect(await ann.reaches(taskId, "completed")).toMatchObject({ result: { content: [{ text: "done a" }] } });
    expect(refusal(await ann.call("once", { name: "b" }))).toMatchObject(LIMITED);
    expect(served.work.count("b")).toBe(0);
  });

  it("[23] is given again to whoever asks with its key, with the limit used up", async () => {
    const key = keyed("a-key-of-sixteen-characters");
    const first = resultOf(await ann.call("once", { name: "a" }, key));
    const again = resultOf(await ann.call("once", { name: "a" }, key));
    expect([again.resultType, again.taskId]).toEqual(["task", first.taskId]);
    served.work.release("a");
    await ann.reaches(String(first.taskId), "completed");
    expect(resultOf(await ann.call("once", { name: "a" }, key)).taskId).toBe(first.taskId);
    expect(served.work.count("a")).toBe(1);
  });

  it("holds its place until its work has ended, or is cancelled", async () => {
    const taskId = await ann.task("alone", { name: "a" });
    expect(refusal(await ann.call("alone", { name: "b" }))).toMatchObject(LIMITED);
    served.work.release("a");
    await ann.reaches(taskId, "completed");
    await free();
    const second = await ann.task("alone", { name: "c" });
    await served.work.started("c");
    await ann.cancel(second);
    await ann.reaches(second, "cancelled");
    await free();
    served.work.release("d");
    await ann.task("alone", { name: "d" });
    await free();
  });

  it("that a slow read has become holds the place of its call", async () => {
    const taskId = await ann.task("slowly", { name: "a" });
    expect(refusal(await ann.call("slowly", { name: "b" }))).toMatchObject(LIMITED);
    served.work.release("a");
    await ann.reaches(taskId, "completed");
    await free();
    served.work.release("b");
    expect(textOf(await ann.call("slowly", { name: "b" }))).toBe("done b");
  });

  it("that waits for its client holds none, and goes on when all are taken and the rate is used up", async () => {
    const taskId = await ann.task("asks", { name: "a" });
    const { inputRequests } = await ann.reaches(taskId, "input_required");
    await free();
    expect(refusal(await ann.call("asks", { name: "b" }))).toMatchObject(LIMITED);
    const [key = ""] = Object.keys(inputRequests as object);
    await ann.update(taskId, { [key]: { action: "accept", content: { age: 7 } } });
    await served.work.started("a");
    expect(definitionOf(served.mcp).admissions.size).toBe(1);
    served.work.release("a");
    expect(await ann.reaches(taskId, "completed")).toMatchObject({ result: { content: [{ text: "age 7" }] } });
    await free();
  });
});
