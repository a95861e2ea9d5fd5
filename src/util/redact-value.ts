/** `redactText` for values of any shape, as loggers get them; what holds no credential stays the same object. */
import { REDACTED, redactText } from "./redact.js";

/** Deeper and more than any report is meant to be read. What is beyond is left out: it was not looked at. */
const MAX_DEPTH = 6;
const MAX_VALUES = 1000;
const NOT_SHOWN = "(not shown)";
/** Members whose value is a credential whatever it looks like. */
const SECRET_NAME =
  /^(?:(?:proxy-)?authorization|(?:set-)?cookie|x-api-key|(?:.*_)?(?:token|secret|password|passwd|api[_-]?key))$/i;

interface Looking {
  depth: number;
  values: number;
}

/** The fields of a log event without credentials. Throws what a value throws that refuses to be looked at. */
export function redactFields(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return redactMembers(fields, { depth: 0, values: 0 });
}

function redactValue(value: unknown, looking: Looking): unknown {
  if (typeof value === "string") return redactText(value);
  if (typeof value !== "object" || value === null) return value;
  looking.values += 1;
  if (looking.depth >= MAX_DEPTH || looking.values > MAX_VALUES) return NOT_SHOWN;
  if (ArrayBuffer.isView(value)) return `(${value.byteLength} bytes)`;
  looking.depth += 1;
  try {
    if (value instanceof Error) return redactError(value, looking);
    if (Array.isArray(value)) return redactList(value, looking);
    if (value instanceof Map || value instanceof Set) return redactList([...value], looking);
    const { toJSON } = value as { readonly toJSON?: unknown };
    if (typeof toJSON === "function") return redactJson(value, toJSON.call(value), looking);
    return redactMembers(value as Readonly<Record<string, unknown>>, looking);
  } finally {
    looking.depth -= 1;
  }
}

function redactList(list: readonly unknown[], looking: Looking): unknown {
  const redacted = list.slice(0, MAX_VALUES).map((one) => redactValue(one, looking));
  const same = redacted.length === list.length && redacted.every((one, index) => one === list[index]);
  return same ? list : redacted;
}

function redactJson(value: object, json: unknown, looking: Looking): unknown {
  const redacted = redactValue(json, looking);
  return redacted === json ? value : redacted;
}

function redactMembers<T extends Readonly<Record<string, unknown>>>(value: T, looking: Looking): T {
  let same = true;
  const entries = Object.entries(value).map(([name, member]): [string, unknown] => {
    const redacted = SECRET_NAME.test(name) && member != null ? REDACTED : redactValue(member, looking);
    same &&= redacted === member;
    return [name, redacted];
  });
  // Not by assignment: a name may be `__proto__`.
  return same ? value : (Object.fromEntries(entries) as T);
}

/** What libraries hang onto errors (a request with its headers, a cause) is looked through as well. */
function redactError(error: Error, looking: Looking): Error {
  const names = new Set(["message", "stack", "cause", "errors", ...Object.keys(error)]);
  const changed: [string, unknown][] = [];
  for (const name of names) {
    const member = (error as unknown as Record<string, unknown>)[name];
    const redacted = SECRET_NAME.test(name) && member != null ? REDACTED : redactValue(member, looking);
    if (redacted !== member) changed.push([name, redacted]);
  }
  if (changed.length === 0) return error;
  const copy = Object.create(Object.getPrototypeOf(error) as object, Object.getOwnPropertyDescriptors(error)) as Error;
  for (const [name, value] of [["stack", redactValue(error.stack, looking)] as const, ...changed]) {
    const enumerable = Object.prototype.propertyIsEnumerable.call(error, name);
    Object.defineProperty(copy, name, { value, enumerable, writable: true, configurable: true });
  }
  return copy;
}
