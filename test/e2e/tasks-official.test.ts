/**
 * The official 2.x client beside tasks. It takes no task for an answer yet (`UNSUPPORTED_RESULT_TYPE`), so it must never
 * be given one that it did not ask for; what it knows of the extension are the methods and their routing header.
 */
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { servingTasks, TASKS, type TaskServer } from "./fixtures/task-server.js";

const serve = servingTasks();
let served: TaskServer;
const clients: Client[] = [];
beforeEach(async () => {
  served = await serve();
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
});

async function connect(mode: "legacy" | { pin: string }, capabilities: object): Promise<Client> {
  const info = { name: "official", version: "1.0.0" };
  const client = new Client(info, { capabilities, versionNegotiation: { mode } });
  await client.connect(new StreamableHTTPClientTransport(new URL(served.url)));
  clients.push(client);
  return client;
}

describe("[92] the official client", () => {
  it.each(["legacy", { pin: "2026-07-28" }] as const)("(%j) gets the result of a slow call", async (mode) => {
    const client = await connect(mode, {});
    for (const name of ["slow", "job"]) {
      const answer = client.callTool({ name, arguments: { name } });
      await served.work.started(name);
      served.work.release(name);
      expect((await answer).content).toEqual([{ type: "text", text: `done ${name}` }]);
    }
  });

  it("drives a task with its requests", async () => {
    const taskId = await served.as("").task("ask");
    await served.as("").reaches(taskId, "input_required");
    const client = await connect({ pin: "2026-07-28" }, TASKS);
    expect(client.getServerCapabilities()).toMatchObject({ extensions: TASKS.extensions });
    const result = z.looseObject({ status: z.string().optional() });
    const ask = (method: string, params: object) => client.request({ method, params: { taskId, ...params } }, result);
    const inputResponses = { "elicitation-1": { action: "accept", content: { age: 8 } } };
    await ask("tasks/update", { inputResponses });
    let task = await ask("tasks/get", {});
    while (task.status === "working") task = await ask("tasks/get", {});
    expect(task).toMatchObject({ status: "completed", result: { content: [{ text: "age 8" }] } });
    await ask("tasks/cancel", {});
  });
});
