/** [21, 33] Tasks whose store fails for a moment: nothing is said that is not so, and what is asked again is not done twice. */
import { beforeEach, describe, expect, it } from "vitest";
import { HoldfastError } from "../../src/index.js";
import { type SharedStore, sharedStore } from "../operations/helpers/shared-store.js";
import { errorOf, type Json, resultOf } from "./fixtures/modern-client.js";
import { servingTasks, TASKS, type TaskClient, type TaskServer } from "./fixtures/task-server.js";

const serve = servingTasks();
let shared: SharedStore;
let served: TaskServer;
let ann: TaskClient;
beforeEach(async () => {
  shared = sharedStore();
  served = await serve({ store: shared.store });
  ann = served.as("ann");
});

/** From the so manyth time on, so often, the method fails before it has done anything. */
function failing(method: Parameters<SharedStore["before"]>[0], { from = 1, times = 1 } = {}): void {
  let asked = 0;
  shared.before(method, () => {
    asked += 1;
    if (asked >= from && asked < from + times) throw new HoldfastError("ERR_STORE", "/secret/place cannot be read");
  });
}

const update = (taskId: string) => {
  const inputResponses = { "elicitation-1": { action: "accept", content: { age: 36 } } };
  return ann.raw.send("tasks/update", { taskId, inputResponses }, { capabilities: TASKS });
};

describe("an answer that cannot be recorded", () => {
  it.each(["journal", "claim"] as const)("is refused, and taken when it is sent again (%s)", async (method) => {
    const taskId = await ann.task("ask");
    await ann.reaches(taskId, "input_required");
    failing(method);
    const text = "The store of operations is not available: nothing was run, call again.";
    expect(errorOf(await update(taskId))).toEqual({ code: 1503, message: text });
    expect(await ann.get(taskId)).toMatchObject({ status: "input_required" });
    expect(resultOf(await update(taskId))).toMatchObject({ resultType: "complete" });
    const { result } = await ann.reaches(taskId, "completed", "failed");
    expect(result).toMatchObject({ content: [{ text: "age 36" }] });
    expect(served.work.starts).toEqual(["once"]);
  });
});

it("a cancellation that cannot be recorded is refused, and taken when it is sent again", async () => {
  const taskId = await ann.task("ask");
  await ann.reaches(taskId, "input_required");
  failing("claim");
  expect(await ann.error("tasks/cancel", taskId)).toMatchObject({ code: 1503 });
  await ann.cancel(taskId);
  expect(await ann.get(taskId)).toMatchObject({ status: "cancelled" });
});

it.each([1, 2])(
  "a task that cannot be recorded (write %i) is not begun, and its client is told to call again",
  async (from) => {
    failing("journal", { from });
    const answer = await ann.call("job", { name: "a" });
    const message = "The task could not be recorded: nothing was run, call again.";
    expect(errorOf(answer)).toMatchObject({ code: 1503, message });
    expect(served.work.starts).toEqual([]);
    served.work.release("a");
    const task = await ann.reaches(await ann.task("job", { name: "a" }), "completed");
    expect((task as Json).result).toMatchObject({ content: [{ text: "done a" }] });
    expect(served.work.starts).toEqual(["a"]);
  },
);

it("a task that is there is told of, also when the store does not answer any more", async () => {
  failing("inspect", { from: 2 });
  const taskId = await ann.task("job", { name: "a" });
  served.work.release("a");
  await ann.reaches(taskId, "completed");
  expect(served.work.starts).toEqual(["a"]);
});

it("a question that cannot be recorded ends the task with words that say so", async () => {
  // After the two entries of the task and the step.
  failing("journal", { from: 4 });
  const { result } = await ann.reaches(await ann.task("ask"), "completed", "failed");
  const text = expect.stringMatching(/^What the task wanted to ask could not be recorded, so nobody was asked/);
  expect(result).toMatchObject({ isError: true, content: [{ text }] });
});
