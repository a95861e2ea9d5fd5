/** Where Holdfast itself reports: one call per event, with a stable `event` name and fields. */
export interface Logger {
  log(level: "debug" | "info" | "warn" | "error", event: string, fields: Readonly<Record<string, unknown>>): void;
}

/** Control characters would let a caller forge log lines or colour a terminal (security record, row 28). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

function escapeControl(text: string): string {
  return text.replace(CONTROL, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** What handlers throw may be anything, also what refuses to be looked at: reporting it must not fail in its turn. */
function render(value: unknown): string {
  try {
    return escapeControl(textOf(value));
  } catch {
    return UNPRINTABLE;
  }
}

const UNPRINTABLE = "(a value that cannot be printed)";

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Error) return typeof value.stack === "string" ? value.stack : `${value.name}: ${value.message}`;
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

/** The same logger, which cannot throw: a full disk must not keep a call from its answer. What fails goes to stderr. */
export function steadyLogger(logger: Logger): Logger {
  if (logger === stderrLogger || logger === silentLogger) return logger;
  return {
    log(level, event, fields) {
      try {
        logger.log(level, event, fields);
      } catch (error) {
        stderrLogger.log(level, event, { ...fields, loggerFailed: error });
      }
    },
  };
}
