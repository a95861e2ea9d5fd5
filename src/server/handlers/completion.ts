import { ErrorCode, McpError, PermissionError } from "../../errors.js";
import { type JsonObject, own, ownObject, ownString } from "../../util/json.js";
import { chain, type MaybePromise } from "../../util/maybe-promise.js";
import { judge } from "../access.js";
import type { Call } from "../call.js";
import type { Entry } from "../entries.js";
import type { Completer } from "../types.js";

/** The most values one answer may carry (2026-07-28, completion, "Completion Results"). */
const MAX_VALUES = 100;

interface Target {
  readonly entry: Entry;
  readonly completers: Readonly<Record<string, Completer>>;
}

/** `completion/complete`. */
export function complete(call: Call): MaybePromise<object> {
  const ref = ownObject(call.params, "ref");
  const argument = ownObject(call.params, "argument");
  const name = ownString(argument, "name");
  const value = ownString(argument, "value");
  if (ref === undefined || name === undefined || value === undefined) {
    throw new McpError(ErrorCode.InvalidParams, "completion/complete needs ref and argument { name, value }");
  }
  const target = targetOf(call, ref);
  return chain(judge(target.entry, call.peer, undefined), (access) => {
    if (access === false) {
      call.record?.deny("hidden");
      throw unknownRef();
    }
    if (access !== true) throw new PermissionError(access.permissions, `completion of ${target.entry.name}`);
    const completer = own(target.completers as JsonObject, name) as Completer | undefined;
    if (completer === undefined) return toResult([]);
    const known = (ownObject(ownObject(call.params, "context"), "arguments") ?? {}) as Record<string, string>;
    return chain(completer(value, { arguments: known, principal: call.peer.principal }), toResult);
  });
}

function targetOf(call: Call, ref: JsonObject): Target {
  const { prompts, templates, resources } = call.app.catalogue;
  if (ref.type === "ref/prompt") {
    const prompt = prompts.get(ownString(ref, "name") ?? "");
    if (prompt !== undefined) return { entry: prompt, completers: prompt.complete };
  } else if (ref.type === "ref/resource") {
    const uri = ownString(ref, "uri") ?? "";
    const template = templates.entries.find((one) => one.info.uriTemplate === uri);
    if (template !== undefined) return { entry: template, completers: template.template.complete };
    const resource = resources.get(uri);
    if (resource !== undefined) return { entry: resource, completers: {} };
  }
  call.record?.deny("unknown");
  throw unknownRef();
}

function unknownRef(): McpError {
  return new McpError(ErrorCode.InvalidParams, "completion/complete: ref names no prompt or resource template");
}

function toResult(values: readonly string[]): object {
  const shown = values.slice(0, MAX_VALUES);
  return { completion: { values: shown, total: values.length, hasMore: shown.length < values.length } };
}
