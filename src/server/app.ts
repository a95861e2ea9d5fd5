import type { Audit } from "../audit/audit.js";
import type { Authenticator } from "../auth/authenticator.js";
import type { Ledger } from "../operations/ledger.js";
import type { Implementation } from "../protocol/types.js";
import type { Sealer } from "../sessions/sealer.js";
import type { Store } from "../stores/types.js";
import type { Budget } from "../util/budget.js";
import type { Logger } from "../util/logger.js";
import type { Ticker } from "../util/ticker.js";
import type { Admissions } from "./admissions.js";
import type { CallTable } from "./call-table.js";
import type { Catalogue } from "./catalogue.js";
import type { Deliveries } from "./deliveries.js";
import type { ChangeHub } from "./hub.js";
import type { Instruments } from "./instruments.js";
import type { Limits } from "./limits.js";
import type { CacheHint, Middleware } from "./types.js";

/** What transports have that nobody else could count. */
export interface Presence {
  /** Event streams that somebody reads. */
  openStreams: number;
  /** One for each transport that has sessions or streams. */
  readonly sources: Set<PresenceSource>;
}
export type PresenceSource = () => { readonly sessions: number; readonly heldStreams: number };

/** What every request of a server shares. Nothing here belongs to a caller. */
export interface App {
  readonly info: Implementation;
  readonly instructions: string | undefined;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly store: Store;
  readonly auth: Authenticator;
  /** Where calls are recorded; undefined when nobody asked for it. */
  readonly audit: Audit | undefined;
  /** Who is told of everything: traces and metrics. Undefined when nobody is. */
  readonly instruments: Instruments | undefined;
  readonly hub: ChangeHub;
  readonly ticker: Ticker;
  readonly middleware: readonly Middleware[];
  readonly maskErrors: boolean;
  readonly pageSize: number;
  readonly cache: CacheHint | undefined;
  /** Seals one kind of value; made on first use. */
  sealer(purpose: "session" | "request-state"): Sealer;
  /** The compiled definition as it is now; a run-time change makes a new one. */
  readonly catalogue: Catalogue;
  /** Operations: what is written is written once. */
  readonly ledger: Ledger;
  /** Limits per caller. */
  readonly admissions: Admissions;
  /** Answers on their way, of operations that only their arguments name. */
  readonly deliveries: Deliveries;
  /** `_meta` members in which hosts send the id of one use of a tool. */
  readonly hostCallIds: readonly string[];
  /** Calls in flight on any transport: for draining, and so that none lasts for ever. */
  readonly calls: CallTable;
  /** Memory that all callers share. */
  readonly budgets: { readonly bodies: Budget; readonly queues: Budget; readonly streams: Budget };
  /** What transports have now, for figures. */
  readonly presence: Presence;
  /** True once anything of this kind was registered: the capability is declared from then on, even for an empty list. */
  offers(capability: string): boolean;
  /** True from the moment shutdown began: new work is refused. */
  readonly draining: boolean;
}
