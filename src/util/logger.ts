import { escapeControl, redactText } from "./redact.js";
import { redactFields } from "./redact-value.js";

/** Where Holdfast itself reports: one call per event, with a stable `event` name and fields. */
export interface Logger {
  log(level: "debug" | "info" | "warn" | "error", event: string, fields: Readonly<Record<string, unknown>>): void;
}

/** What handlers throw may be anything, also what refuses to be looked at: reporting it must not fail in its turn. */
function render(value: unknown): string {
  try {
    return escapeControl(bounded(textOf(value)));
  } catch {
    return UNPRINTABLE;
  }
}

const UNPRINTABLE = "(a value that cannot be printed)";
/** A stack with its causes fits. A handler may throw a whole document, and who reads the log pays for it. */
const MAX_TEXT_LENGTH = 16_384;
/** Causes of causes: a chain that holds itself ends. */
const MAX_CAUSES = 4;

/** Redacted before it is cut: half a credential would not be known for one. */
function bounded(text: string): string {
  const left = redactText(text.slice(0, 2 * MAX_TEXT_LENGTH));
  if (text.length <= MAX_TEXT_LENGTH) return left;
  return `${left.slice(0, MAX_TEXT_LENGTH)}… (of ${text.length} characters)`;
}

function errorText(error: Error, causes: number): string {
  const text = typeof error.stack === "string" ? error.stack : `${error.name}: ${error.message}`;
  if (error.cause === undefined || causes === MAX_CAUSES) return text;
  const { cause } = error;
  return `${text}\n  caused by ${cause instanceof Error ? errorText(cause, causes + 1) : textOf(cause)}`;
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Error) return errorText(value, 0);
  const ancestors: unknown[] = [];
  const text = JSON.stringify(value, function plain(this: unknown, _key, inner: unknown) {
    if (typeof inner === "bigint") return `${inner}n`;
    if (typeof inner !== "object" || inner === null) return inner;
    while (ancestors.length > 0 && ancestors.at(-1) !== this) ancestors.pop();
    if (ancestors.includes(inner)) return "(itself)";
    ancestors.push(inner);
    return inner;
  });
  return text ?? String(value);
}

/** The default logger: one line per event on stderr, which no transport uses. `debug` is silent. */
export const stderrLogger: Logger = {
  log(level, event, fields) {
    if (level === "debug") return;
    const parts = Object.entries(fields).map(([key, value]) => `${key}=${render(value)}`);
    process.stderr.write(`[holdfast] ${level} ${event} ${parts.join(" ")}\n`);
  },
};

/** A logger that drops everything; for tests and embedders that have their own. */
export const silentLogger: Logger = { log: () => {} };

/**
 * The same logger, which is told no credentials (as far as they can be known) and cannot throw: a full disk must not keep
 * a call from its answer. What fails goes to stderr.
 */
export function steadyLogger(logger: Logger): Logger {
  if (logger === stderrLogger || logger === silentLogger) return logger;
  return {
    log(level, event, fields) {
      try {
        logger.log(level, event, redacted(fields));
      } catch (error) {
        stderrLogger.log(level, event, { ...fields, loggerFailed: error });
      }
    },
  };
}

/** A value that cannot be looked at may hold anything: it is passed on as text. */
function redacted(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  try {
    return redactFields(fields);
  } catch {
    return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, render(value)]));
  }
}
