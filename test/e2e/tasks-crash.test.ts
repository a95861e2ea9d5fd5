/** Tasks whose server died: another one, with the same store, says what is known, or goes on with them. */
import { beforeEach, describe, expect, it } from "vitest";
import { memoryStore } from "../../src/stores/memory/index.js";
import { MemoryOperationStore } from "../../src/stores/memory/operations.js";
import { servingTasks, type TaskServer } from "./fixtures/task-server.js";

/** Shared by servers as a durable store would be. `die` makes every lease run out: its owners are taken for dead. */
class SharedStore extends MemoryOperationStore {
  override readonly durability = "async" as never;
  die: () => void;

  constructor() {
    const clock = { lead: 0 };
    super(() => ({ lease: performance.now() + clock.lead, date: Date.now() }));
    this.die = () => {
      clock.lead += 3_600_000;
    };
  }
}

const serve = servingTasks();
let operations: SharedStore;
let before: TaskServer;
let after: TaskServer;
beforeEach(async () => {
  operations = new SharedStore();
  const store = { ...memoryStore(), operations };
  before = await serve({ store });
  after = await serve({ store });
});

describe("[23] after a crash", () => {
  it("a task whose work was cut off says that nobody knows, and is not run again", async () => {
    const taskId = await before.as("ann").task("job", { name: "a" });
    await before.work.started("a");
    operations.die();
    const task = await after.as("ann").get(taskId);
    expect(task).toMatchObject({ status: "completed", result: { isError: true } });
    expect(task.statusMessage).toContain("unknown");
    expect(task.result).toMatchObject({ _meta: { "dev.holdfast/operation": { state: "unknown" } } });
    expect(after.work.starts).toEqual([]);
    before.work.release("a");
    // The zombie's outcome comes too late: what was told stays told.
    await before.as("ann").call("never", { name: "a" });
    expect(await after.as("ann").get(taskId)).toEqual(task);
  });

  it("a task that may run again does, with the same operation and without its finished steps", async () => {
    const taskId = await before.as("ann").task("rerun", { name: "b" });
    await before.work.started("b");
    operations.die();
    expect(await after.as("ann").get(taskId)).toMatchObject({ status: "working" });
    await after.work.started("b");
    after.work.release("b");
    const task = await after.as("ann").reaches(taskId, "completed");
    expect(task.result).toMatchObject({ content: [{ text: "step 0, then b" }] });
    expect(after.work.operations).toEqual(before.work.operations);
  });

  it("a read runs again", async () => {
    const taskId = await before.as("ann").task("read", { name: "c" });
    operations.die();
    after.work.release("c");
    const task = await after.as("ann").reaches(taskId, "completed");
    expect(task.result).toMatchObject({ content: [{ text: "done c" }] });
  });

  it("what was done is there", async () => {
    const taskId = await before.as("ann").task("breaks");
    const task = await before.as("ann").reaches(taskId, "failed");
    operations.die();
    expect(await after.as("ann").get(taskId)).toEqual(task);
  });

  it("the same key gives the same task, which is found out about first", async () => {
    const params = { idempotencyKey: "an-idempotency-key" };
    const taskId = await before.as("ann").task("rerun", { name: "d" }, params);
    await before.work.started("d");
    operations.die();
    expect(await after.as("ann").task("rerun", { name: "d" }, params)).toBe(taskId);
    after.work.release("d");
    await after.as("ann").reaches(taskId, "completed");
  });

  it("a task that waits for its client is answered at any server, and finishes there", async () => {
    const taskId = await before.as("ann").task("ask");
    await before.as("ann").reaches(taskId, "input_required");
    operations.die();
    expect(await after.as("ann").get(taskId)).toMatchObject({ status: "input_required" });
    await after.as("ann").update(taskId, { "elicitation-1": { action: "accept", content: { age: 5 } } });
    const task = await after.as("ann").reaches(taskId, "completed");
    expect(task.result).toMatchObject({ content: [{ text: "age 5" }] });
    expect(after.work.starts).toEqual([]);
  });
});

describe("while its server lives", () => {
  it("another one tells the state, gives the same task for its key, and leaves the work alone", async () => {
    const params = { idempotencyKey: "an-idempotency-key" };
    const taskId = await before.as("ann").task("slow", { name: "e" }, params);
    expect(await after.as("ann").get(taskId)).toMatchObject({ status: "working" });
    expect(await after.as("ann").task("slow", { name: "e" }, params)).toBe(taskId);
    await after.as("ann").cancel(taskId);
    before.work.release("e");
    await after.as("ann").reaches(taskId, "completed");
    expect([before.work.count("e"), after.work.count("e")]).toEqual([1, 0]);
  });
});
