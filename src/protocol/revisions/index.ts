import { revision as r2024_11_05 } from "./2024-11-05/index.js";
import { revision as r2025_03_26 } from "./2025-03-26/index.js";
import { revision as r2025_06_18 } from "./2025-06-18/index.js";
import { revision as r2025_11_25 } from "./2025-11-25/index.js";
import { revision as r2026_07_28 } from "./2026-07-28/index.js";
import type { ProtocolVersion, Revision } from "./types.js";

export type { Era, ProtocolVersion, Revision } from "./types.js";
export { PROTOCOL_VERSIONS } from "./types.js";

const ALL: readonly Revision[] = [r2024_11_05, r2025_03_26, r2025_06_18, r2025_11_25, r2026_07_28];
const BY_VERSION: ReadonlyMap<string, Revision> = new Map(ALL.map((one) => [one.version, one]));

/** Newest first: what `server/discover` lists and what an unsupported-version error offers. */
export const SUPPORTED_VERSIONS: readonly ProtocolVersion[] = ALL.map((one) => one.version).reverse();

/** The revision of the modern era, served without sessions. */
export const MODERN: Revision = r2026_07_28;
/** What `initialize` settles on when the client asks for a version that has no handshake or that nobody knows. */
export const LATEST_LEGACY: Revision = r2025_11_25;
/** What a client that sends no `MCP-Protocol-Version` header is taken to speak (2025-11-25, transports). */
export const HEADERLESS: Revision = r2025_03_26;
/** The revision that defined HTTP+SSE. */
export const OLDEST: Revision = r2024_11_05;

/** The revision named `version`, or undefined when this package does not speak it. */
export function revisionOf(version: string): Revision | undefined {
  return BY_VERSION.get(version);
}

/** The legacy revision an `initialize` request gets: the one it asks for, else the newest that has the handshake. */
export function negotiate(requested: string): Revision {
  const revision = BY_VERSION.get(requested);
  return revision?.era === "legacy" ? revision : LATEST_LEGACY;
}
