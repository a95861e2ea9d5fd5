import { permissionsNeeded } from "../../auth/permissions.js";
import { ErrorCode, McpError, MissingClientCapabilityError, PermissionError } from "../../errors.js";
import type { CallToolResult } from "../../protocol/types.js";
import { isObject, own, ownString } from "../../util/json.js";
import { chain, type MaybePromise } from "../../util/maybe-promise.js";
import { type Access, judge, judgeEarly, judgeLate } from "../access.js";
import { admitted } from "../admissions.js";
import type { Call } from "../call.js";
import { CallContext } from "../context.js";
import type { ToolEntry } from "../entries.js";
import { identify } from "../operation-identity.js";
import { errorResult, toCallResult, toolFailure } from "../results.js";
import { describeIssues, type ValidationFailed } from "../schema/index.js";
import { callAsTask, mayBeTask } from "../tasks/perform.js";
import { listPage } from "./pages.js";
import { isRefusal, performTool, type ToolWork } from "./perform.js";
import { runHandler } from "./run.js";

/** `tools/list`. */
export function listTools(call: Call): MaybePromise<object> {
  return listPage(call, call.app.catalogue.tools, "tools");
}

/** `tools/call`: visible -> validate -> permit -> handler -> result. */
export function callTool(call: Call): MaybePromise<object> {
  const name = ownString(call.params, "name");
  if (name === undefined) throw new McpError(ErrorCode.InvalidParams, "tools/call needs a name (a string)");
  const given = own(call.params, "arguments");
  if (given !== undefined && !isObject(given)) {
    throw new McpError(ErrorCode.InvalidParams, "tools/call: arguments must be an object");
  }
  const tool = call.app.catalogue.tools.get(name);
  if (tool === undefined) {
    call.record?.deny("unknown");
    throw unknownTool(name);
  }
  const args = given ?? {};
  return chain(judgeEarly(tool, call.peer), (access) => {
    if (access !== true) return refuseAccess(call, tool, access);
    if (tool.input === undefined) return callPermitted(call, tool, args);
    return chain(tool.input.validate(args), (checked) => {
      call.record?.validated(checked.ok);
      return checked.ok ? callPermitted(call, tool, checked.value) : refuseArguments(call, tool, checked);
    });
  });
}

/** The requirement sees what the handler will see: arguments after validation. */
function callPermitted(call: Call, tool: ToolEntry, args: unknown): MaybePromise<object> {
  return chain(judgeLate(tool, call.peer, args), (access) => {
    return access === true ? invoke(call, tool, args) : refuseAccess(call, tool, access);
  });
}

/** A challenge where there is a place for it, else words for the model; what is hidden does not exist. */
function refuseAccess(call: Call, tool: ToolEntry, access: Exclude<Access, true>): object {
  if (access === false) {
    call.record?.deny("hidden");
    throw unknownTool(tool.name);
  }
  return call.peer.revision.callResult(refuse(call, new PermissionError(access.permissions, `tool ${tool.name}`)));
}

function refuse(call: Call, error: PermissionError): CallToolResult {
  call.record?.deny("not_permitted", error.required);
  if (call.exchange.challenges === true && call.task === undefined) throw error;
  return errorResult(error.message);
}

/** The answer for a tool that does not exist, and for one that the caller may not know of. */
export function unknownTool(name: string): McpError {
  return new McpError(ErrorCode.InvalidParams, `Unknown tool: ${name}`);
}

/** A result and not a protocol error: the model can read it and call again (2025-11-25, tools, "Error Handling"). */
function refuseArguments(call: Call, tool: ToolEntry, checked: ValidationFailed): MaybePromise<object> {
  return chain(judge(tool, call.peer, undefined), (access) => {
    if (access !== true) return refuseAccess(call, tool, access);
    call.record?.deny("invalid_arguments");
    const text = `Invalid arguments for tool ${tool.name}: ${describeIssues(checked.issues)}`;
    const counted = call.app.admissions.of(call.peer.principal, tool.limits)?.count();
    return chain(counted, () => call.peer.revision.callResult(errorResult(text)));
  });
}

/** Reads are run and nothing more; what may have effects is an operation, if anything tells it from others. */
function invoke(call: Call, tool: ToolEntry, args: unknown): MaybePromise<object> {
  if (mayBeTask(call, tool)) return callAsTask(call, tool, args, toolWork(call, tool, args, true));
  const identity = tool.readOnly ? undefined : identify(call, tool, args);
  if (identity !== undefined) return performTool(call, tool, identity, toolWork(call, tool, args));
  const admission = call.app.admissions.of(call.peer.principal, tool.limits);
  return chain(
    admitted(admission, () => runTool(call, tool, args)),
    (result) => {
      return call.openJournal?.suspended ? result : call.peer.revision.callResult(result as CallToolResult);
    },
  );
}

/** What is done for a call. As a task it outlives the call's own deadline, and has one all the same. */
export function toolWork(call: Call, tool: ToolEntry, args: unknown, asTask = false): ToolWork {
  const timeoutMs = tool.timeoutMs ?? (asTask ? call.app.limits.callTimeoutMs : undefined);
  return {
    admission: call.app.admissions.of(call.peer.principal, tool.limits),
    run: (one) => runTool(one, tool, args, timeoutMs),
    refused: (error) => call.peer.revision.callResult(recoverUnstarted(call, tool, error)),
  };
}

/** Runs the handler: its result in the neutral model, or what asks the client for input. */
function runTool(call: Call, tool: ToolEntry, args: unknown, timeoutMs = tool.timeoutMs): MaybePromise<object> {
  return runHandler(call, {
    work: () => tool.invoke(args, new CallContext(call)),
    timeoutMs,
    finish: (value) => finish(call, tool, value),
    recover: (error) => {
      if (call.operation === undefined) return recoverUnstarted(call, tool, error);
      if (isRefusal(error, call.operation)) throw error;
      return recover(call, tool, error);
    },
  });
}

/** `ctx.require` denied work that has had no effect: told as a denial of the tool is, with all that the call needs. */
function recoverUnstarted(call: Call, tool: ToolEntry, error: unknown): CallToolResult {
  if (!(error instanceof PermissionError)) return recover(call, tool, error);
  return refuse(call, deniedInside(tool, error, permissionsNeeded(tool.requires, call.peer.principal)));
}

/** The denial of a handler, which does not say of what. */
function deniedInside(tool: ToolEntry, { required }: PermissionError, more: readonly string[] = []): PermissionError {
  return new PermissionError([...new Set([...more, ...required])], `tool ${tool.name}`);
}

function finish(call: Call, tool: ToolEntry, value: unknown): MaybePromise<CallToolResult> {
  const result = toCallResult(value, tool.output !== undefined);
  if (tool.output === undefined || result.isError === true) return result;
  return chain(tool.output.validate(result.structuredContent), (checked) => {
    // What the schema gives out is what is sent: defaults filled in, transformations done.
    if (checked.ok) return checked.value === result.structuredContent ? result : restructured(result, checked.value);
    const issues = describeIssues(checked.issues);
    call.app.logger.log("error", "output_invalid", { tool: tool.name, issues });
    return errorResult(`Tool ${tool.name} returned a result that does not fit its outputSchema: ${issues}`);
  });
}

/** The result with other structured content; text that was made from the old one is made again. */
function restructured(result: CallToolResult, structuredContent: unknown): CallToolResult {
  const [first] = result.content;
  const derived = first?.type === "text" && first.text === JSON.stringify(result.structuredContent);
  if (!derived) return { ...result, structuredContent };
  return { ...result, content: toCallResult(structuredContent, true).content, structuredContent };
}

/** Protocol errors stay errors; everything else becomes a result the model can read. */
function recover(call: Call, tool: ToolEntry, error: unknown): CallToolResult {
  if (error instanceof McpError) throw error;
  if (error instanceof MissingClientCapabilityError && call.peer.revision.era === "modern") throw error;
  if (error instanceof PermissionError) {
    call.record?.deny("not_permitted", error.required);
    return errorResult(deniedInside(tool, error).message);
  }
  const aborted = call.operation?.aborted;
  if (call.task !== undefined && aborted !== undefined) call.task.stopped = true;
  if (aborted !== undefined) return errorResult(`${aborted.message} What had been done by then stays done.`);
  return toolFailure(call, tool.name, error);
}
