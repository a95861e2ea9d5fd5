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

function render(value: unknown): string {
  if (value instanceof Error) return escapeControl(value.stack ?? String(value));
  if (typeof value === "string") return escapeControl(value);
  return escapeControl(JSON.stringify(value) ?? String(value));
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
