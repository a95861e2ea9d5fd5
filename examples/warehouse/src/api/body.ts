import type { IncomingMessage } from "node:http";
import type { z } from "zod";
import { Problem } from "./problem.js";

/** Fifty lines of an order take a tenth of it. */
const MAX_BODY_BYTES = 64 * 1024;
/** What is still read, and thrown away, of a body that is too large, so that the client gets to read why. */
const MAX_DISCARDED_BYTES = 16 * MAX_BODY_BYTES;

const JSON_TYPE = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;
const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** @throws Problem 400, 413 or 415. */
export async function readJson<S extends z.ZodType>(request: IncomingMessage, schema: S): Promise<z.output<S>> {
  if (!JSON_TYPE.test(request.headers["content-type"] ?? "")) {
    throw new Problem("unsupported-media-type", {
      detail: "Send the body as application/json (UTF-8).",
      headers: { "accept-post": "application/json" },
    });
  }
  if ((request.headers["content-encoding"] ?? "identity") !== "identity") {
    throw new Problem("unsupported-media-type", {
      detail: "Send the body without a Content-Encoding.",
      headers: { "accept-encoding": "identity" },
    });
  }
  const result = schema.safeParse(parse(await readBytes(request)));
  if (result.success) return result.data;
  const errors = result.error.issues.map(({ path, message }) => ({ pointer: pointerTo(path), detail: message }));
  throw new Problem("invalid-request", { detail: "The body does not have the form that is needed.", errors });
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(UTF8.decode(bytes));
  } catch {
    throw new Problem("invalid-request", { detail: "The body is not JSON in UTF-8." });
  }
}

/** RFC 6901. */
function pointerTo(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/** Counted as it arrives: a length that a client announces says nothing. */
function readBytes(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MAX_BODY_BYTES) return void chunks.push(chunk);
      chunks.length = 0;
      if (size > MAX_DISCARDED_BYTES) request.destroy();
      const detail = `The body may have ${MAX_BODY_BYTES} bytes.`;
      reject(new Problem("too-large", { detail, headers: { connection: "close" } }));
    });
    request.on("end", () => resolve(Buffer.concat(chunks)));
    const gone = () => reject(new Problem("invalid-request", { detail: "The request ended before it was complete." }));
    request.on("error", gone);
    request.on("close", gone);
  });
}
