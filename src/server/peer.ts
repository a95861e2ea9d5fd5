import type { Principal } from "../auth/principal.js";
import type { Revision } from "../protocol/revisions/index.js";
import type { ClientCapabilities, Implementation } from "../protocol/types.js";
import type { LegacySession } from "./session.js";

/** How a message came in. `sse` is HTTP+SSE of 2024-11-05, `http` Streamable HTTP, `memory` an in-process client. */
export type TransportName = "stdio" | "sse" | "http" | "memory";

/** What a client says of itself. Self-reported: show it, do not decide by it. */
export interface ClientFacts {
  readonly info: Implementation | undefined;
  readonly capabilities: ClientCapabilities;
}

/** Who is on the other side of a message, and what can be said to them. */
export interface Peer {
  readonly revision: Revision;
  readonly transport: TransportName;
  readonly principal: Principal;
  readonly client: ClientFacts;
  /** The legacy session the message belongs to; undefined on 2026-07-28 and for legacy clients that keep none. */
  readonly session: LegacySession | undefined;
}
