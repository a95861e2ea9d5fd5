/** Where audit events go. `write` is called once for each event and must return at once: keep what takes time for later. */
export interface AuditSink {
  /** May throw: the call goes on, and the error is in the log, at most once a minute. */
  write(event: AuditEvent): void;
  /** Resolves when everything written so far is safe; called when the server stops. */
  flush?(): Promise<void>;
}

/** What `redact` is told of: the name of a tool or prompt, or the URI of a resource, as the caller sent it. */
export type AuditedName = "tool" | "prompt" | "uri";

/** A sink with more to say about it. */
export interface AuditOptions {
  readonly sink: AuditSink;
  /**
   * What of a name or a URI goes into events, in place of the default: `redactUri` for URIs, names as they are. Both
   * without what looks like a credential.
   */
  readonly redact?: (text: string, kind: AuditedName) => string;
}

/** One event. Members may be added; those that are there keep their meaning. */
export type AuditEvent = AuditCallEvent | AuditAuthenticationEvent;

/** Why a call was denied. */
export type AuditDenialReason =
  /** The caller lacks permissions; `missing` has those that would do, and is empty when none would. */
  | "not_permitted"
  /** It exists, and this caller may not know: it was answered like something that does not exist. */
  | "hidden"
  /** There is no such tool, prompt, resource, task or method. */
  | "unknown"
  | "invalid_arguments"
  /** A bound on calls (`limits`, `rateLimit`). */
  | "rate_limited"
  | "draining";

/**
 * How a call ended for its caller. `tool_error` is a result with `isError`; `unknown` the work of a crashed server, of
 * which nobody can say whether it took effect; `task` a call that goes on as a task.
 */
export type AuditOutcome = "ok" | "error" | "tool_error" | "cancelled" | "unknown" | "input_required" | "task";

/** One call: written when it has ended. Holds no argument values, no tokens, no claims. */
export interface AuditCallEvent {
  readonly event: "call";
  /** When the call came in, ISO 8601. */
  readonly time: string;
  /** The JSON-RPC id: the client's, unique for a while at best. */
  readonly requestId: string | number;
  /** `traceparent` (W3C Trace Context) of `_meta`, else of the HTTP request. */
  readonly traceparent?: string;
  readonly principal: { readonly issuer: string; readonly subject: string; readonly clientId?: string };
  /** What the caller might do then. */
  readonly permissions: readonly string[];
  readonly transport: string;
  readonly revision: string;
  /** What the client says of itself. */
  readonly client?: { readonly name: string; readonly version: string };
  readonly method: string;
  /** The tool, prompt or URI. */
  readonly name?: string;
  /** SHA-256 of the arguments as canonical JSON (RFC 8785), in hexadecimal. */
  readonly argumentsHash?: string;
  readonly decision: "allowed" | "denied";
  readonly reason?: AuditDenialReason;
  /** Permissions the caller lacked. */
  readonly missing?: readonly string[];
  readonly outcome: AuditOutcome;
  /** JSON-RPC error code of the answer. */
  readonly errorCode?: number;
  /** The operation the call asked for; calls with one `operationId` share one effect. */
  readonly operationId?: string;
  /** True when the outcome is that of an earlier call: nothing was done for this one. */
  readonly replayed?: boolean;
  /** True for a call whose client has gone while its work goes on. */
  readonly workContinues?: boolean;
  /** Names the task (of `task` and of `tasks/*`) without giving it away: a task id is as good as a key to it. */
  readonly task?: string;
  readonly durationMs: number;
}

/** Credentials that were missing or bad, or could not be checked. */
export interface AuditAuthenticationEvent {
  readonly event: "authentication";
  readonly time: string;
  readonly decision: "denied";
  /** `unavailable`: whether the credentials are good could not be found out. */
  readonly reason: "unauthenticated" | "unavailable";
  /** What the client was told; nothing of the credentials. */
  readonly detail?: string;
  /** The kinds of credentials the server takes. */
  readonly scheme: string;
  readonly httpMethod: string;
  readonly path: string;
  readonly remoteAddress?: string;
  readonly traceparent?: string;
}
