/** What messages that pass by say about themselves. They may be anything: nothing here throws. */
import { HEADER, META } from "../protocol/headers.js";
import { isObject, type JsonObject } from "../util/json.js";
import type { Caller, Outcome } from "./log.js";

/** A result that asks for input and will be called for again (2026-07-28, multi round-trip requests). */
const INPUT_REQUIRED = "input_required";

export function messagesIn(text: string): readonly JsonObject[] {
  try {
    const value: unknown = JSON.parse(text);
    return (Array.isArray(value) ? value : [value]).filter(isObject);
  } catch {
    return [];
  }
}

export function idOf({ id }: JsonObject): string | number | undefined {
  return typeof id === "string" || typeof id === "number" ? id : undefined;
}

export function methodOf({ method }: JsonObject): string | undefined {
  return typeof method === "string" ? method : undefined;
}

export function paramsOf({ params }: JsonObject): JsonObject {
  return isObject(params) ? params : {};
}

export function metaOf(message: JsonObject): JsonObject {
  const { _meta: meta } = paramsOf(message);
  return isObject(meta) ? meta : {};
}

/** Which tool, prompt or resource it is about. */
export function nameIn(message: JsonObject): string | undefined {
  const { name, uri, ref } = paramsOf(message);
  const about = isObject(ref) ? (ref.name ?? ref.uri) : undefined;
  return [name, uri, about].find((one): one is string => typeof one === "string");
}

/** Who calls, as the message and the headers of its request say. */
export function callerIn(
  message: JsonObject | undefined,
  header: (name: string) => string | undefined,
  transport: Caller["transport"],
): Caller {
  const params = message === undefined ? {} : paramsOf(message);
  const meta = message === undefined ? {} : metaOf(message);
  const info = [meta[META.clientInfo], params.clientInfo].find(isObject) ?? {};
  const revision = [meta[META.protocolVersion], params.protocolVersion, header(HEADER.protocolVersion)].find(isText);
  return {
    ...(isText(info.name) && { name: info.name }),
    ...(isText(info.version) && { version: info.version }),
    ...(revision !== undefined && { revision }),
    transport,
  };
}

export function outcomeOf({ result, error }: JsonObject): Outcome {
  if (isObject(error)) {
    return { kind: "error", code: Number(error.code), message: isText(error.message) ? error.message : "" };
  }
  if (!isObject(result)) return { kind: "ok" };
  if (result.resultType === INPUT_REQUIRED) return { kind: "asks" };
  return result.isError === true ? { kind: "tool_error", message: textIn(result) } : { kind: "ok" };
}

function textIn({ content }: JsonObject): string {
  const blocks: readonly unknown[] = Array.isArray(content) ? content : [];
  const texts = blocks.filter(isObject).map(({ text }) => text);
  return texts.find(isText) ?? "";
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
