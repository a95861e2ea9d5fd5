import type { Principal } from "../auth/principal.js";
import type { ProtocolVersion } from "../protocol/revisions/index.js";
import type {
  ClientCapabilities,
  CreateMessageParams,
  CreateMessageResult,
  ElicitResult,
  LoggingLevel,
  Root,
} from "../protocol/types.js";
import type { JsonObject } from "../util/json.js";

/** A question of the server to the client: `params` of `elicitation/create`. */
export type ElicitRequestParams = Readonly<Record<string, unknown>> & { readonly message: string };

/** Options of `connect`. */
export interface ConnectOptions {
  /** Who calls. What is left out is `{ issuer: "test", subject: "test", permissions: [] }`: a stranger may do nothing. */
  readonly principal?: Partial<Principal>;
  /** The revision to speak. Default: the newest. */
  readonly revision?: ProtocolVersion;
  /** Beside what the handlers below imply. */
  readonly capabilities?: ClientCapabilities;
  readonly logLevel?: LoggingLevel;
  readonly onElicit?: (params: ElicitRequestParams) => ElicitResult | Promise<ElicitResult>;
  readonly onSample?: (params: CreateMessageParams) => CreateMessageResult | Promise<CreateMessageResult>;
  readonly onRoots?: () => readonly Root[] | Promise<readonly Root[]>;
  readonly onNotification?: (message: { readonly method: string; readonly params: JsonObject }) => void;
  /** Every message in both directions, as text; for schema checks and debugging. */
  readonly onMessage?: (direction: "sent" | "received", text: string) => void;
}

/** Options of one call. */
export interface CallOptions {
  readonly onProgress?: (progress: { progress: number; total?: number; message?: string }) => void;
  readonly signal?: AbortSignal;
  /** Added to `_meta`. */
  readonly meta?: JsonObject;
}
