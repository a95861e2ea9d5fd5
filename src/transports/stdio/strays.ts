/** Tells, for text that was printed to stdout, who printed it: once per place, and never at a cost that grows with the text. */

/** A report of text that would have gone into the protocol stream. */
export interface Stray {
  /** The beginning of the text. */
  readonly text: string;
  /** `file:line` of the first frame outside Node and the guard, where the stack tells. */
  readonly callSite?: string;
  /** What was called: `console.log`, `process.stdout.write`, `fs.writeSync`… */
  readonly via: string;
}

/** What receives reports. */
export type StrayListener = (stray: Stray) => void;

/** Places remembered. A program with more than these prints by design, and the reader has understood. */
const MAX_CALL_SITES = 64;

/** Stacks taken a second: one costs some 10 microseconds, and a loop that prints must not pay it for every line. */
const STACKS_PER_SECOND = 32;

/** Frames looked at: Node puts up to a dozen of its own between `console.log` and the stream. */
const STACK_FRAMES = 24;

/** Longest text in a report. The text itself goes to stderr whole. */
const REPORTED_TEXT_CHARS = 200;

/** `at async name (place:line:column)` or `at place:line:column`. */
const FRAME = /^at (?:async )?(?:(.*?) \()?(.+?):\d+\)?$/;

interface Frame {
  readonly name: string;
  /** `file:line`. */
  readonly place: string;
}

/** Collects strays and reports each place once. */
export class StrayReporter {
  /** Replaced when the transport adopts a guard that was installed before it. */
  listener: StrayListener;
  readonly #seen = new Set<string>();
  #stacks = 0;
  #windowStart = 0;
  #reporting = false;

  constructor(listener: StrayListener) {
    this.listener = listener;
  }

  /** Notes a stray; `entry` is the replaced function that was called, so that the stack starts at its caller. */
  note(chunk: unknown, via: string, entry: (...args: never[]) => unknown): void {
    // A listener may print by itself.
    if (this.#reporting || this.#seen.size >= MAX_CALL_SITES || !this.#mayTakeStack()) return;
    const { callSite, console: method } = readStack(stackFrom(entry));
    const key = callSite ?? via;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#reporting = true;
    try {
      this.listener({ text: preview(chunk), via: method ?? via, ...(callSite && { callSite }) });
    } catch {
      // A failing report must not fail the tool that printed.
    } finally {
      this.#reporting = false;
    }
  }

  #mayTakeStack(): boolean {
    const now = performance.now();
    if (now - this.#windowStart >= 1_000) {
      this.#windowStart = now;
      this.#stacks = 0;
    }
    this.#stacks += 1;
    return this.#stacks <= STACKS_PER_SECOND;
  }
}

/** What happens without a listener: a sentence on stderr that says what to do. */
export function reportOnStderr(stray: Stray): void {
  const place = stray.callSite === undefined ? "" : ` by ${stray.callSite}`;
  process.stderr.write(
    `holdfast: stdout carries the protocol; what is printed to it${place} (${stray.via}) goes to stderr. Said once per place.\n`,
  );
}

function stackFrom(entry: (...args: never[]) => unknown): Frame[] {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = STACK_FRAMES;
  const holder: { stack?: unknown } = {};
  Error.captureStackTrace(holder, entry);
  Error.stackTraceLimit = limit;
  // A program may have replaced the format of stacks by something that is no text.
  if (typeof holder.stack !== "string") return [];
  return holder.stack.split("\n").flatMap((line) => {
    const match = FRAME.exec(line.trim());
    return match?.[2] === undefined ? [] : [{ name: match[1] ?? "", place: match[2] }];
  });
}

/** The frames of Node between the caller and the guard, and the caller. */
function readStack(frames: readonly Frame[]): { readonly callSite?: string; readonly console?: string } {
  let method: string | undefined;
  for (const { name, place } of frames) {
    if (!place.startsWith("node:")) return { callSite: place, console: method };
    if (name.startsWith("console.")) method = name;
  }
  return { console: method };
}

function preview(chunk: unknown): string {
  if (typeof chunk === "string") return chunk.slice(0, REPORTED_TEXT_CHARS);
  if (!(chunk instanceof Uint8Array)) return "";
  return Buffer.from(chunk.buffer, chunk.byteOffset, Math.min(chunk.byteLength, REPORTED_TEXT_CHARS)).toString();
}
