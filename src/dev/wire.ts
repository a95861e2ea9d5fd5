import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";

/** Of one connection and not of the message (RFC 9110, section 7.6.1). Transfer-Encoding stays: so does the body. */
const OF_THE_CONNECTION = new Set(["connection", "keep-alive", "proxy-connection", "upgrade", "te", "trailer"]);

/** Everything as it came, doubled headers too, so that the server judges what the client sent. */
export function passedHeaders(raw: readonly string[]): string[] {
  const named = new Set<string>();
  for (let index = 0; index < raw.length; index += 2) {
    if (raw[index]?.toLowerCase() !== "connection") continue;
    for (const name of raw[index + 1]?.split(",") ?? []) named.add(name.trim().toLowerCase());
  }
  const passed: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? "";
    const lower = name.toLowerCase();
    if (!OF_THE_CONNECTION.has(lower) && !named.has(lower)) passed.push(name, raw[index + 1] ?? "");
  }
  return passed;
}

/**
 * Errors of a server that does not start quote its source. A web page whose name was pointed at this machine must not read
 * them: its Host is a name, while ours is an address or localhost.
 */
export function mayHearDetails({ headers }: Pick<IncomingMessage, "headers">): boolean {
  const { host = "", origin } = headers;
  const name = host.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
  if (name !== "localhost" && isIP(name) === 0) return false;
  return origin === undefined || origin === `http://${host}`;
}
