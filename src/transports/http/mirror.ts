/**
 * What of a request arrived, told to whoever sent it: `GET /health?seen`. A proxy that speaks HTTP/1.0 or drops a header
 * shows nowhere else. Only headers of the protocol are named, since a proxy may have added secrets of its own to others.
 */
import { HEADER } from "../../protocol/headers.js";
import { JSON_HEADERS } from "./respond.js";
import type { HttpExchange } from "./types.js";

/** The query that asks for it. */
export const SEEN_QUERY = "seen";
/** Headers whose values the sender may have back. */
const MIRRORED: readonly string[] = [...Object.values(HEADER), "accept", "host"];
const AUTHORIZATION = "authorization";

/** One header as it arrived; of credentials only their scheme. */
export interface SeenHeader {
  readonly value: string;
  /** How often it was sent; absent where the runtime does not tell. */
  readonly times?: number;
}

/** The document. */
export interface Seen {
  /** Absent where the runtime does not tell. */
  readonly httpVersion?: string;
  readonly headers: Readonly<Record<string, SeenHeader>>;
}

export function mirror(http: HttpExchange): void {
  const headers: Record<string, SeenHeader> = {};
  for (const name of [...MIRRORED, AUTHORIZATION]) {
    const value = http.header(name);
    if (value === undefined) continue;
    const shown = name === AUTHORIZATION ? (value.split(" ", 1)[0] ?? "") : value;
    headers[name] = { value: shown, times: http.timesSent?.(name) };
  }
  const seen: Seen = { httpVersion: http.httpVersion, headers };
  http.end(200, JSON_HEADERS, JSON.stringify(seen));
}
