/** Who is measured, and what each of them has. `cannot` says why a row is empty; a row needs all of its `needs`. */
const NO_MODERN = "does not speak 2026-07-28";

/**
 * `heavySessions`: a whole server per session, some milliseconds of CPU and kilobytes of heap each. `revision` and
 * `jsonAccept` replace what clients of the row say.
 */
export const PEERS = [
  { name: "bare", label: "bare", file: "bare.mjs", cannot: {} },
  {
    name: "floor",
    label: "node:net",
    file: "floor.mjs",
    cannot: {
      sse: "the floor answers posts only",
      stdio: "the floor is HTTP only",
      streams: "the floor keeps no streams",
    },
  },
  { name: "holdfast", label: "Holdfast", file: "holdfast.mjs", cannot: {} },
  {
    name: "sdk1",
    label: "SDK 1.x",
    file: "sdk1.mjs",
    heavySessions: true,
    package: "@modelcontextprotocol/sdk",
    cannot: { modern: NO_MODERN },
  },
  {
    name: "sdk2",
    label: "SDK 2.x",
    file: "sdk2.mjs",
    heavySessions: true,
    package: "@modelcontextprotocol/server",
    cannot: { sse: "2.x removed HTTP+SSE" },
  },
  {
    name: "fastmcp",
    label: "FastMCP",
    file: "fastmcp.mjs",
    heavySessions: true,
    package: "fastmcp",
    cannot: { modern: NO_MODERN },
    /** Each `initialize` polls for about a second: sessions are made many at a time. */
    slowSessions: true,
  },
  {
    name: "mcp-lite",
    label: "mcp-lite",
    file: "mcp-lite.mjs",
    package: "mcp-lite",
    cannot: { modern: NO_MODERN, sse: "has no HTTP+SSE", stdio: "has no stdio" },
    /** Asked for 2025-11-25 it falls back to 2025-03-26, whose GET streams it then refuses. */
    revision: "2025-06-18",
  },
  {
    name: "mcp-lite-json",
    label: "mcp-lite*",
    file: "mcp-lite.mjs",
    cannot: {},
    revision: "2025-06-18",
    /**
     * It answers with a stream whenever the client can read one, and every client must say that it can. This is what
     * it would cost if a client did not; no rival, because no conforming client gets it.
     */
    jsonAccept: "application/json",
    rows: ["json", "large", "session", "list"],
  },
  { name: "tmcp", label: "tmcp", file: "tmcp.mjs", package: "tmcp", cannot: {} },
];

/** Not frameworks: what the others are measured against. */
export const YARDSTICKS = new Set(["bare", "floor"]);

/** In the table, but not among those that can be the best peer. */
export const isRival = ({ name, rows }) => name !== "holdfast" && rows === undefined && !YARDSTICKS.has(name);

/** Of a variant, where it does not differ; not worth a line below the table. */
export const SAME = "as without the asterisk";

/** Why the peer cannot do a row, or undefined. */
export function reasonAgainst(peer, row) {
  for (const need of row.needs) if (peer.cannot[need] !== undefined) return peer.cannot[need];
  if (peer.rows?.includes(row.name) === false) return SAME;
  return row.cannot?.[peer.name];
}
