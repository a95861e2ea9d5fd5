/** Tasks in the embedded store, over a restart of their server. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { lmdbStore } from "../../src/drivers/lmdb/index.js";
import { until } from "../faults/helpers/until.js";
import { servingTasks, type TaskServer } from "./fixtures/task-server.js";

const serve = servingTasks();
let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "holdfast-tasks-"));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

async function start(): Promise<TaskServer> {
  return serve({ store: lmdbStore({ dir }) });
}

it("[23] a task, its result and its key are there after a restart", async () => {
  const params = { idempotencyKey: "an-idempotency-key" };
  const first = await start();
  const ann = first.as("ann");
  const keyed = await ann.task("slow", { name: "keyed" }, params);
  const unkeyed = await ann.task("slow", { name: "unkeyed" });
  for (const name of ["keyed", "unkeyed"]) first.work.release(name);
  const done = [await ann.reaches(keyed, "completed"), await ann.reaches(unkeyed, "completed")];
  await first.handle.close();
  const second = await start();
  const again = second.as("ann");
  expect([await again.get(keyed), await again.get(unkeyed)]).toEqual(done);
  expect(await again.task("slow", { name: "keyed" }, params)).toBe(keyed);
  expect((await second.as("bob").error("tasks/get", keyed)).code).toBe(-32602);
  expect(second.work.starts).toEqual([]);
});

it("[89] a task that may run again is left to the next server when its own stops", async () => {
  const first = await start();
  const [rerun, read] = [
    await first.as("ann").task("rerun", { name: "a" }),
    await first.as("ann").task("read", { name: "b" }),
  ];
  const job = await first.as("ann").task("job", { name: "c" });
  for (const name of ["a", "b", "c"]) await first.work.started(name);
  await first.handle.close();
  await until("the work was told to stop", () => first.work.aborts.length === 3);
  const second = await start();
  const ann = second.as("ann");
  for (const name of ["a", "b"]) second.work.release(name);
  expect((await ann.reaches(rerun, "completed")).result).toMatchObject({ content: [{ text: "step 0, then a" }] });
  expect((await ann.reaches(read, "completed")).result).toMatchObject({ content: [{ text: "done b" }] });
  expect((await ann.reaches(job, "completed")).result).toMatchObject({ isError: true });
  expect([second.work.count("a"), second.work.count("c")]).toEqual([1, 0]);
});

it("a task that waits for its client goes on where it was", async () => {
  const first = await start();
  const taskId = await first.as("ann").task("ask_two");
  await first.as("ann").reaches(taskId, "input_required");
  const answer = (age: number) => ({ action: "accept", content: { age } });
  await first.as("ann").update(taskId, { a: answer(1) });
  await first.handle.close();
  const ann = (await start()).as("ann");
  expect(Object.keys((await ann.get(taskId)).inputRequests as object)).toEqual(["b"]);
  await ann.update(taskId, { b: answer(2) });
  let open: string[] = [];
  while (!open.includes("c")) open = Object.keys((await ann.reaches(taskId, "input_required")).inputRequests as object);
  await ann.update(taskId, { c: answer(3) });
  const { result } = await ann.reaches(taskId, "completed");
  expect(result).toMatchObject({ content: [{ text: "1 2 3" }] });
});
