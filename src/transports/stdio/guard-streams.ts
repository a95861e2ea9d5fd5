/** Sends what JavaScript writes to `process.stdout` (which `console` and worker threads use too) to stderr. */
import type { Writable } from "node:stream";
import type { StrayTarget } from "./guard-descriptor.js";
import type { StrayReporter } from "./strays.js";

type Callback = (error?: Error | null) => void;

/** The methods that put bytes out, or would end or corrupt the descriptor under the protocol. */
const REPLACED = ["write", "end", "_write", "_writev", "destroy", "destroySoon"] as const;

/** What the replaced methods need. */
export interface StdoutPatch {
  readonly target: StrayTarget;
  readonly strays: StrayReporter;
  /** True for bytes that the protocol's own writer sends through the stream. */
  readonly isProtocol: (chunk: unknown) => boolean;
}

/**
 * Replaces the writing methods of the existing object: programs and `console` may hold it already.
 * Returns what puts them back.
 */
export function patchStdout(stdout: Writable, patch: StdoutPatch): () => void {
  const before = REPLACED.map((name) => [name, Object.getOwnPropertyDescriptor(stdout, name)] as const);
  const methods = strayMethods(stdout, patch);
  for (const [name, value] of Object.entries(methods)) {
    Object.defineProperty(stdout, name, { value, configurable: true, writable: true, enumerable: false });
  }
  // Without a listener, a parent that closes stderr would end the server; text nobody reads is not worth that.
  if (patch.target === "stderr") process.stderr.on("error", ignore);
  return () => {
    for (const [name, descriptor] of before) {
      if (Object.getOwnPropertyDescriptor(stdout, name)?.value !== methods[name]) continue;
      if (descriptor === undefined) Reflect.deleteProperty(stdout, name);
      else Object.defineProperty(stdout, name, descriptor);
    }
    if (patch.target === "stderr") process.stderr.off("error", ignore);
  };
}

function strayMethods(stdout: Writable, patch: StdoutPatch): Record<(typeof REPLACED)[number], unknown> {
  const { strays } = patch;
  const send = patch.target === "stderr" ? sendToStderr(stdout) : drop;
  const realWrite = stdout._write.bind(stdout);
  const write = (chunk: unknown, encoding?: BufferEncoding | Callback, callback?: Callback): boolean => {
    strays.note(chunk, "process.stdout.write", write);
    return send(chunk, encoding, callback);
  };
  // Neither may reach the real stream: its `end` shuts the socket down, and after `destroy` Node refuses to write.
  const end = (chunk?: unknown, encoding?: BufferEncoding | Callback, callback?: Callback): Writable => {
    const done = [chunk, encoding, callback].find((argument) => typeof argument === "function");
    if (chunk !== undefined && chunk !== null && typeof chunk !== "function") {
      strays.note(chunk, "process.stdout.end", end);
      send(chunk, typeof encoding === "function" ? undefined : encoding);
    }
    process.nextTick(() => {
      if (typeof done === "function") done();
      // What `stream.pipeline` waits for: one or the other, by the kind of stream.
      stdout.emit("finish");
      stdout.emit("close");
    });
    return stdout;
  };
  const writeOne = (chunk: unknown, encoding: BufferEncoding, callback: Callback): void => {
    if (patch.isProtocol(chunk)) return realWrite(chunk, encoding, callback);
    strays.note(chunk, "process.stdout._write", writeOne);
    send(chunk, encoding, callback);
  };
  const stay = (): Writable => stdout;
  // Without `_writev`, a stream that has several chunks to write passes them to `_write` one by one.
  return { write, end, _write: writeOne, _writev: null, destroy: stay, destroySoon: stay };
}

type Send = (chunk: unknown, encoding?: BufferEncoding | Callback, callback?: Callback) => boolean;

function sendToStderr(stdout: Writable): Send {
  let draining = false;
  return (chunk, encoding, callback) => {
    const { stderr } = process;
    // The types allow what `write` itself checks at run time, with the error the caller would have had.
    const text = chunk as string;
    const ok =
      typeof encoding === "function"
        ? stderr.write(text, encoding)
        : stderr.write(text, validEncoding(encoding), callback);
    if (!ok && !draining) {
      draining = true;
      stderr.once("drain", () => {
        draining = false;
        stdout.emit("drain");
      });
    }
    return ok;
  };
}

/** `_write` gives "buffer" for bytes, which `write` does not know. */
function validEncoding(encoding: BufferEncoding | undefined): BufferEncoding | undefined {
  return encoding !== undefined && Buffer.isEncoding(encoding) ? encoding : undefined;
}

const drop: Send = (_chunk, encoding, callback) => {
  const done = typeof encoding === "function" ? encoding : callback;
  if (done !== undefined) process.nextTick(done);
  return true;
};

function ignore(): void {}
