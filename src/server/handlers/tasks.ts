/** `tasks/get`, `tasks/update` and `tasks/cancel` of the extension `io.modelcontextprotocol/tasks` (2026-07-28). */
import { principalKey } from "../../auth/principal.js";
import { ErrorCode, McpError, MissingClientCapabilityError } from "../../errors.js";
import { declaresTasks, TASKS_CAPABILITY } from "../../protocol/revisions/2026-07-28/tasks.js";
import { ownObject, ownString } from "../../util/json.js";
import { judgeEarly, judgeLate } from "../access.js";
import type { Call } from "../call.js";
import { describeTask } from "../tasks/describe.js";
import { isIdle, readTask, type StoredTask } from "../tasks/record.js";
import { answerTask, cancelTask, recoverTask } from "../tasks/resume.js";

/** `tasks/get`: the task as it is now, with its result when it has one. */
export async function getTask(call: Call): Promise<object> {
  const stored = await taskOf(call);
  return { resultType: "complete", ...describeTask(call.app, call.peer.revision, stored) };
}

/** `tasks/update`: answers to what the task asked. Answers to anything else are ignored. */
export async function updateTask(call: Call): Promise<object> {
  const responses = ownObject(call.params, "inputResponses");
  const stored = await taskOf(call);
  if (responses === undefined) {
    throw new McpError(ErrorCode.InvalidParams, "tasks/update needs inputResponses (an object)");
  }
  await answerTask(call, stored, responses);
  return {};
}

/** `tasks/cancel`: tells the task to stop. It may be over, or end otherwise; the client looks with `tasks/get`. */
export async function cancelTasks(call: Call): Promise<object> {
  await cancelTask(call, await taskOf(call));
  return {};
}

/** The task the call names. Another caller's is answered like one that does not exist. */
async function taskOf(call: Call): Promise<StoredTask> {
  requireTasks(call);
  const taskId = ownString(call.params, "taskId");
  if (taskId === undefined) throw new McpError(ErrorCode.InvalidParams, `${call.method} needs a taskId (a string)`);
  const stored = await findTask(call, taskId);
  if (stored === undefined) {
    call.record?.deny("unknown");
    throw notFound();
  }
  if (stored.snapshot.state === "expired") throw new McpError(ErrorCode.InvalidParams, "The task has expired.");
  return stored;
}

/** Throws -32021 unless this very request says that its client knows tasks. */
export function requireTasks(call: Call): void {
  if (!declaresTasks(call.peer.client.capabilities)) throw new MissingClientCapabilityError("tasks", TASKS_CAPABILITY);
}

/** A task that this caller may see now; what became of one that was cut off is found out first. */
export async function findTask(call: Call, taskId: string): Promise<StoredTask | undefined> {
  const owner = principalKey(call.peer.principal);
  const stored = await readTask(call.app, taskId, owner);
  if (stored === undefined || !(await maySee(call, stored))) return undefined;
  if (!isIdle(stored)) return stored;
  await recoverTask(call, stored);
  return readTask(call.app, taskId, owner);
}

/** Who may not call the tool any more does not get its results either. */
async function maySee({ app, peer }: Call, { facts }: StoredTask): Promise<boolean> {
  const tool = app.catalogue.tools.get(facts.tool);
  if (tool === undefined) return true;
  if ((await judgeEarly(tool, peer)) !== true) return false;
  if (facts.args === undefined) return true;
  // The requirement sees what the handler saw.
  const checked = await (tool.input?.validate(facts.args) ?? { ok: true as const, value: facts.args });
  return checked.ok && (await judgeLate(tool, peer, checked.value)) === true;
}

function notFound(): McpError {
  return new McpError(ErrorCode.InvalidParams, "There is no such task.");
}
