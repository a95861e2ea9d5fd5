/** Messages as they may be shown: what is a credential by its name, or looks like one, is taken out. */
import { REDACTED, redactText } from "../util/redact.js";

/** Also in camelCase, as arguments of tools are named. */
const SECRET_NAME =
  /^(?:(?:proxy-)?authorization|(?:set-)?cookie|x-api-key|.*(?:token|secret|passwords?|passwd|passphrase|api[_-]?key|private[_-]?key|credentials?))$/i;
/** Called token, and no credential. */
const HARMLESS_NAME = /^(?:progressToken|maxTokens|nextToken)$/;
/** Text beyond it was not looked through, and so it is not shown either. */
const MAX_TEXT = 262_144;
/** As deep as our own server reads. */
const MAX_DEPTH = 64;

/** `value` is what JSON can hold. */
export function withoutSecrets(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return value.length > MAX_TEXT ? `(${value.length} characters)` : redactText(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth === MAX_DEPTH) return "(not shown)";
  if (Array.isArray(value)) return value.map((one) => withoutSecrets(one, depth + 1));
  const entries = Object.entries(value).map(([name, member]): [string, unknown] => [
    name,
    isSecret(name, member) ? REDACTED : withoutSecrets(member, depth + 1),
  ]);
  // Not by assignment: a name may be `__proto__`.
  return Object.fromEntries(entries);
}

/** An object under such a name is looked into: it may be the schema of a secret. */
function isSecret(name: string, value: unknown): boolean {
  if (!SECRET_NAME.test(name) || HARMLESS_NAME.test(name)) return false;
  if (Array.isArray(value)) return value.some((one) => typeof one === "string");
  return typeof value === "string" || typeof value === "number";
}
