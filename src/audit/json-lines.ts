import { escapeControl } from "../util/redact.js";
import { FileTarget } from "./file-target.js";
import { LineQueue } from "./line-queue.js";
import { type AuditStream, StreamTarget } from "./stream-target.js";
import type { AuditEvent, AuditSink } from "./types.js";

/** Options of `auditJsonLines`. */
export interface AuditJsonLinesOptions {
  /** A file to append to. It is opened anew when it was rotated away; nobody else may read it (mode 0600). */
  readonly path?: string;
  /** A stream to write to, in place of a file. It stays open. Default: stderr. Never stdout. */
  readonly stream?: AuditStream;
  /** How much may wait for a slow disk, in bytes. What comes beyond is dropped and counted. Default 16 MiB. */
  readonly maxQueuedBytes?: number;
}

/** Some 30,000 events: minutes of a busy server, and nothing next to its memory. */
const MAX_QUEUED_BYTES = 16 * 1024 * 1024;
const OPTION_NAMES: ReadonlySet<string> = new Set<keyof AuditJsonLinesOptions>(["path", "stream", "maxQueuedBytes"]);

/**
 * A sink that writes each event as one line of JSON, to a file, a stream, or stderr. Writing keeps no call waiting. A disk
 * that is slow or full loses nothing until `maxQueuedBytes` wait; what is dropped then is counted, and the count is a line
 * of its own: `{"event":"dropped","count":…}`.
 *
 * @example
 * ```ts
 * import { auditJsonLines, McpServer } from "holdfast";
 *
 * const audit = auditJsonLines({ path: "audit.jsonl" });
 * const mcp = new McpServer({ name: "orders", version: "1.0.0" }, { audit });
 * ```
 *
 * @throws HoldfastError `ERR_CONFIG` when the file cannot be written or is stdout; TypeError for options that are none.
 */
export function auditJsonLines(options: AuditJsonLinesOptions = {}): AuditSink {
  const { path, stream, maxQueuedBytes = MAX_QUEUED_BYTES } = options;
  for (const key of Object.keys(options)) {
    if (!OPTION_NAMES.has(key)) throw new TypeError(`auditJsonLines: unknown option ${key}`);
  }
  if (path !== undefined && stream !== undefined) throw new TypeError("auditJsonLines: give a path or a stream");
  if (!(maxQueuedBytes > 0)) throw new TypeError("auditJsonLines: maxQueuedBytes must be a number above 0");
  const target = path === undefined ? new StreamTarget(notStdout(stream ?? process.stderr)) : new FileTarget(path);
  const queue = new LineQueue(target, maxQueuedBytes, (count) => encodeLine({ event: "dropped", time: now(), count }));
  return {
    write: (event: AuditEvent) => queue.push(encodeLine(event)),
    flush: () => queue.flush(),
  };
}

function now(): string {
  return new Date().toISOString();
}

/** JSON escapes line ends, but not all characters that a terminal, or a reader of lines, takes for more than text. */
function encodeLine(event: object): string {
  return `${escapeControl(JSON.stringify(event))}\n`;
}

function notStdout(stream: AuditStream): AuditStream {
  const { fd } = stream as { readonly fd?: unknown };
  if (stream !== (process.stdout as unknown) && fd !== 1) return stream;
  throw new TypeError("auditJsonLines: stdout carries the protocol on stdio; take stderr, a file or another stream");
}
