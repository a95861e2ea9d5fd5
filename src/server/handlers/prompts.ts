import { ErrorCode, McpError, PermissionError } from "../../errors.js";
import type { GetPromptResult } from "../../protocol/types.js";
import { isObject, own, ownString } from "../../util/json.js";
import { chain, type MaybePromise } from "../../util/maybe-promise.js";
import { type Access, judge, judgeEarly, judgeLate } from "../access.js";
import type { Call } from "../call.js";
import { CallContext } from "../context.js";
import type { PromptEntry } from "../entries.js";
import { describeIssues, type ValidationFailed } from "../schema/index.js";
import { listPage } from "./pages.js";
import { runHandler } from "./run.js";

/** `prompts/list`. */
export function listPrompts(call: Call): MaybePromise<object> {
  return listPage(call, call.app.catalogue.prompts, "prompts");
}

/** `prompts/get`. */
export function getPrompt(call: Call): MaybePromise<object> {
  const name = ownString(call.params, "name");
  if (name === undefined) throw new McpError(ErrorCode.InvalidParams, "prompts/get needs a name (a string)");
  const args = own(call.params, "arguments") ?? {};
  if (!isObject(args)) throw new McpError(ErrorCode.InvalidParams, "prompts/get: arguments must be an object");
  const prompt = call.app.catalogue.prompts.get(name);
  if (prompt === undefined) {
    call.record?.deny("unknown");
    throw unknownPrompt(name);
  }
  return chain(judgeEarly(prompt, call.peer), (access) => {
    if (access !== true) throw refused(call, name, access);
    if (prompt.args === undefined) return renderPermitted(call, prompt, args);
    return chain(prompt.args.validate(args), (checked) => {
      return checked.ok ? renderPermitted(call, prompt, checked.value) : refuseArguments(call, prompt, checked);
    });
  });
}

/** The requirement sees what the handler will see: arguments after validation. */
function renderPermitted(call: Call, prompt: PromptEntry, args: unknown): MaybePromise<object> {
  return chain(judgeLate(prompt, call.peer, args), (access) => {
    if (access !== true) throw refused(call, prompt.name, access);
    return render(call, prompt, args);
  });
}

function refuseArguments(call: Call, prompt: PromptEntry, checked: ValidationFailed): MaybePromise<never> {
  return chain(judge(prompt, call.peer, undefined), (access) => {
    if (access !== true) throw refused(call, prompt.name, access);
    const text = `Invalid arguments for prompt ${prompt.name}: ${describeIssues(checked.issues)}`;
    throw new McpError(ErrorCode.InvalidParams, text);
  });
}

function refused(call: Call, name: string, access: Exclude<Access, true>): Error {
  if (access !== false) return new PermissionError(access.permissions, `prompt ${name}`);
  call.record?.deny("hidden");
  return unknownPrompt(name);
}

function unknownPrompt(name: string): McpError {
  return new McpError(ErrorCode.InvalidParams, `Unknown prompt: ${name}`);
}

function render(call: Call, prompt: PromptEntry, args: unknown): MaybePromise<object> {
  return runHandler(call, {
    work: () => prompt.get(args, new CallContext(call)),
    timeoutMs: undefined,
    finish: (value) => {
      if (!isObject(value) || !Array.isArray(value.messages)) {
        throw new TypeError(`prompt ${prompt.name} must return { messages: [...] }`);
      }
      return call.peer.revision.promptResult(value as unknown as GetPromptResult);
    },
    recover: (error) => {
      throw error;
    },
  });
}
