/** `notifications/tasks` on a `subscriptions/listen` stream. */
import { beforeEach, expect, it } from "vitest";
import type { RawStream } from "../support/raw-http.js";
import { type Json, refusal } from "./fixtures/modern-client.js";
import { servingTasks, TASKS, type TaskClient, type TaskServer } from "./fixtures/task-server.js";

const serve = servingTasks();
let served: TaskServer;
let ann: TaskClient;
beforeEach(async () => {
  served = await serve({ limits: { taskPollMs: 100 } });
  ann = served.as("ann");
});

function listen(client: TaskClient, taskIds: unknown): Promise<RawStream> {
  return client.raw.open("subscriptions/listen", { notifications: { taskIds } }, { id: "sub", capabilities: TASKS });
}

const status = (wanted: string) => (message: Json) => (message.params as Json).status === wanted;

it("[48] acknowledges the caller's own tasks only, and tells each state once, each with the whole task", async () => {
  const mine = await ann.task("ask");
  const other = await served.as("bob").task("ask");
  const stream = await listen(ann, [mine, other, "unknown", mine]);
  const [acknowledged] = [await stream.messages.expect()];
  expect(acknowledged).toMatchObject({
    method: "notifications/subscriptions/acknowledged",
    params: { notifications: { taskIds: [mine] } },
  });
  const asking = await stream.messages.expect(status("input_required"));
  expect(asking).toMatchObject({
    method: "notifications/tasks",
    params: { taskId: mine, _meta: { "io.modelcontextprotocol/subscriptionId": "sub" } },
  });
  await served.as("bob").update(other, { "elicitation-1": { action: "decline" } });
  await ann.update(mine, { "elicitation-1": { action: "decline" } });
  const { params } = await stream.messages.expect(status("completed"));
  const { _meta, ...told } = params as Json;
  const { _meta: _own, resultType, ...got } = await ann.get(mine);
  expect(told).toEqual(got);
  const states = stream.messages.all.slice(1).map((message) => (message.params as Json).status);
  expect(new Set(states).size).toBe(states.length);
  expect(stream.messages.all.every((message) => !JSON.stringify(message).includes(other))).toBe(true);
  stream.close();
});

it("tells the end of a task that was over before, and what a handler reports", async () => {
  const done = await ann.task("breaks");
  await ann.reaches(done, "failed");
  const reports = await ann.task("reports", { name: "a" });
  const stream = await listen(ann, [done, reports]);
  await stream.messages.expect(status("failed"));
  await stream.messages.expect((message) => (message.params as Json).statusMessage === "one of three");
  served.work.release("a");
  await stream.messages.expect(status("completed"));
  stream.close();
});

it("is refused to a client that does not declare the extension, and for what is no list", async () => {
  const taskId = await ann.task("job", { name: "b" });
  const params = { notifications: { taskIds: [taskId] } };
  expect(refusal(await ann.raw.send("subscriptions/listen", params))).toMatchObject({ status: 400, code: -32021 });
  for (const taskIds of ["x", [1], {}, Array(1001).fill("x")]) {
    const answer = await ann.raw.send("subscriptions/listen", { notifications: { taskIds } }, { capabilities: TASKS });
    expect(refusal(answer)).toMatchObject({ code: -32602 });
  }
});
