import type { Issue, ValidationFailed } from "./types.js";

/** Problems reported of one value: enough to correct a call, and a bound on what hostile input can make us write. */
export const MAX_ISSUES = 32;
/** Longest path or message of an issue: both may repeat keys and values that the caller sent. */
export const MAX_ISSUE_LENGTH = 512;

/** A failed result with the first `MAX_ISSUES` of `issues`, each shortened to its bound. */
export function failed(issues: readonly Issue[]): ValidationFailed {
  return {
    ok: false,
    issues: issues
      .slice(0, MAX_ISSUES)
      .map(({ path, message }) => ({ path: shorten(path), message: shorten(message) })),
  };
}

function shorten(text: string): string {
  return text.length > MAX_ISSUE_LENGTH ? `${text.slice(0, MAX_ISSUE_LENGTH - 1)}…` : text;
}

/** `keys` as a JSON Pointer (RFC 6901 §3). */
export function pointer(keys: readonly PropertyKey[]): string {
  return keys.map((key) => `/${escapeToken(String(key))}`).join("");
}

/** One reference token of a JSON Pointer (RFC 6901 §3). */
export function escapeToken(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** The key that a reference token names; undoes `escapeToken`. */
export function unescapeToken(token: string): string {
  return token.replaceAll("~1", "/").replaceAll("~0", "~");
}

/** Issues in one line, for a model or a log: `/name: expected string; /tags/0: too long`. */
export function describeIssues(issues: readonly Issue[]): string {
  return issues.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join("; ");
}
