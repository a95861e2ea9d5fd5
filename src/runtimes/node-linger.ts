import type { IncomingMessage, ServerResponse } from "node:http";
import { after } from "../util/timer.js";

/** How much more of a refused body is read and thrown away; whoever sends on beyond is cut. */
const LINGER_BYTES = 16_777_216;
/** How long the next piece may take to come; the whole has the bound of every request. */
const LINGER_MS = 2000;
/**
 * How long nothing is read after the reply. A sender whose writes always succeed never looks for it (nginx sends a body
 * that it has gathered in one go) and finds a closed connection instead; one that has to wait for a moment reads it.
 */
const LOOK_UP_MS = 100;

/**
 * Ends a reply that refuses a body which is still coming. A socket that closes with unread bytes is reset, and a reset
 * takes the reply away from a client that writes before it reads: so the rest is thrown away first, within bounds.
 */
export function endLingering(request: IncomingMessage, response: ServerResponse): void {
  let left = LINGER_BYTES;
  const end = () => {
    clearTimeout(timer);
    request.off("data", discard);
    response.end();
  };
  const discard = (chunk: Buffer) => {
    left -= chunk.length;
    timer?.refresh();
    if (left < 0) end();
  };
  let timer = after(LOOK_UP_MS, () => {
    timer = after(LINGER_MS, end);
    request.on("data", discard);
    request.resume();
  });
  request.once("end", end);
  request.once("close", end);
  request.once("error", () => {});
  request.pause();
}
