/** Questions inside tasks: asked by `tasks/get`, answered by `tasks/update`; and those before a call became one. */
import { beforeEach, describe, expect, it } from "vitest";
import { type Json, resultOf } from "./fixtures/modern-client.js";
import { servingTasks, type TaskClient, type TaskServer } from "./fixtures/task-server.js";

const serve = servingTasks();
let served: TaskServer;
let ann: TaskClient;
beforeEach(async () => {
  served = await serve();
  ann = served.as("ann");
});
const age = (years: unknown) => ({ action: "accept", content: { age: years } });
const keys = (task: Json) => Object.keys(task.inputRequests as Json);
const text = (task: Json) => (task.result as { content: { text: string }[] }).content[0]?.text;

describe("[21] a question in a task", () => {
  it("is shown until it is answered, and what was done before it is not done again", async () => {
    const taskId = await ann.task("ask");
    const asked = await ann.reaches(taskId, "input_required");
    expect(asked.inputRequests).toEqual({
      "elicitation-1": {
        method: "elicitation/create",
        params: { message: "Your age?", requestedSchema: expect.objectContaining({ required: ["age"] }) },
      },
    });
    expect(await ann.get(taskId)).toEqual(asked);
    await ann.update(taskId, { "elicitation-1": age(36), other: age(1), ["__proto__"]: age(2) });
    expect(text(await ann.reaches(taskId, "completed"))).toBe("age 36");
    expect(served.work.starts).toEqual(["once"]);
  });

  it.each(["decline", "cancel"])("may be answered with %s", async (action) => {
    const taskId = await ann.task("ask");
    await ann.reaches(taskId, "input_required");
    await ann.update(taskId, { "elicitation-1": { action } });
    expect(text(await ann.reaches(taskId, "completed"))).toBe(action);
  });

  it("gets another key when the answer does not fit: a key is one question for ever", async () => {
    const taskId = await ann.task("ask");
    await ann.reaches(taskId, "input_required");
    for (const [key, wrong] of [
      ["elicitation-1", age("old")],
      ["elicitation-1#2", 7],
      ["elicitation-1#3", age(1.5)],
    ] as const) {
      expect(keys(await ann.reaches(taskId, "input_required", "completed"))).toEqual([key]);
      await ann.update(taskId, { [key]: wrong });
      let open = [key as string];
      while (open.includes(key)) open = keys(await ann.reaches(taskId, "input_required"));
    }
    // What was answered before is not open any more.
    await ann.update(taskId, { "elicitation-1": age(1) });
    expect(keys(await ann.get(taskId))).toEqual(["elicitation-1#4"]);
    await ann.update(taskId, { "elicitation-1#4": age(4) });
    expect(text(await ann.reaches(taskId, "completed"))).toBe("age 4");
  });

  it("ends the task when there are too many", async () => {
    const strict = (await serve({ limits: { maxRounds: 1 } })).as("ann");
    const taskId = await strict.task("ask");
    await strict.reaches(taskId, "input_required");
    await strict.update(taskId, { "elicitation-1": 7 });
    expect(await strict.reaches(taskId, "failed")).toMatchObject({ error: { code: -32602 } });
  });

  it("fails the task when the client cannot be asked", async () => {
    const capabilities = { extensions: { "io.modelcontextprotocol/tasks": {} } };
    const created = resultOf(await ann.raw.tool("ask", {}, { capabilities }));
    const task = await ann.reaches(String(created.taskId), "failed");
    expect(task.error).toMatchObject({ code: -32021, data: { requiredCapabilities: { elicitation: {} } } });
  });
});

describe("several questions", () => {
  it("are answered one by one or all at once, in several rounds", async () => {
    const taskId = await ann.task("ask_two");
    expect(keys(await ann.reaches(taskId, "input_required"))).toEqual(["a", "b"]);
    await ann.update(taskId, { b: age(2) });
    expect(keys(await ann.get(taskId))).toEqual(["a"]);
    await ann.update(taskId, { b: age(7) });
    await ann.update(taskId, { a: age(1), b: age(7) });
    let open = ["a"];
    while (!open.includes("c")) open = keys(await ann.reaches(taskId, "input_required"));
    expect(open).toEqual(["c"]);
    await ann.update(taskId, { c: age(3) });
    expect(text(await ann.reaches(taskId, "completed"))).toBe("1 2 3");
  });

  it("answered by many at the same time: each answer counts once", async () => {
    const taskId = await ann.task("ask_two");
    await ann.reaches(taskId, "input_required");
    const updates = [1, 2, 3, 4].map((n) => ann.update(taskId, n % 2 === 0 ? { a: age(n) } : { b: age(n) }));
    await Promise.all(updates);
    let open: string[] = [];
    while (!open.includes("c")) open = keys(await ann.reaches(taskId, "input_required"));
    await ann.update(taskId, { c: age(9) });
    expect(text(await ann.reaches(taskId, "completed"))).toMatch(/^[24] [13] 9$/);
  });

  it("stops asking when the task is cancelled", async () => {
    const taskId = await ann.task("ask_two");
    await ann.reaches(taskId, "input_required");
    await ann.cancel(taskId);
    expect(await ann.get(taskId)).toMatchObject({ status: "cancelled" });
    await ann.update(taskId, { a: age(1), b: age(2) });
    expect(await ann.get(taskId)).toMatchObject({ status: "cancelled" });
  });
});

it("a call may ask first and become a task then: what was answered and done goes along", async () => {
  const args = { name: "w" };
  const first = resultOf(await ann.call("ask_late", args));
  expect(first).toMatchObject({ resultType: "input_required" });
  expect(first).not.toHaveProperty("taskId");
  const params = { requestState: first.requestState, inputResponses: { early: age(1) } };
  const taskId = await ann.task("ask_late", args, params);
  served.work.release("w");
  expect(keys(await ann.reaches(taskId, "input_required"))).toEqual(["late"]);
  await ann.update(taskId, { late: age(2) });
  expect(text(await ann.reaches(taskId, "completed"))).toBe("1 2 1");
});
