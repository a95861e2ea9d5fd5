/** What watches a server: traces and metrics. The engine tells it; `holdfast/otel` and `holdfast/prometheus` listen. */
import type { AuditDenialReason, AuditOutcome } from "../audit/types.js";
import type { RequestId } from "../protocol/types.js";
import type { JsonObject } from "../util/json.js";
import type { Logger } from "../util/logger.js";
import type { MaybePromise } from "../util/maybe-promise.js";
import type { Limits } from "./limits.js";
import type { TransportName } from "./peer.js";

/**
 * Something that is told what a server does. Everything is called in the middle of the work: return at once. What throws
 * is logged, and the work goes on.
 */
export interface Telemetry {
  /** A request was decoded; what is returned is told how it goes on. */
  request?(request: TelemetryRequest): TelemetrySpan | undefined;
  /** It was found out, or not, who is calling over HTTP. */
  authentication?(facts: TelemetryAuthentication): void;
  /** A session of a revision that has them was opened, or has ended. */
  session?(facts: TelemetrySession): void;
  /** Something met this bound: it was refused, cut or left out. */
  limit?(limit: keyof Limits): void;
  /** The server begins to serve. Returns what ends it. */
  start?(server: TelemetryServer): MaybePromise<(() => MaybePromise<void>) | undefined>;
  /** A page that the server serves over HTTP to callers who may read it. */
  readonly page?: TelemetryPage | undefined;
}

/** One request of a client. */
export interface TelemetryRequest {
  readonly method: string;
  /** False for a method that no revision has: anybody may make up names. */
  readonly known: boolean;
  readonly id: RequestId;
  /** The tool that is called, when the server has it. */
  readonly tool?: string;
  /** The prompt that is asked for, when the server has it. */
  readonly prompt?: string;
  /** The resource, without what may be secret in its URI. */
  readonly uri?: string;
  readonly revision: string;
  readonly transport: TransportName;
  /** Tells sessions apart. It is not what clients send as their session id, and gives no access to anything. */
  readonly sessionId?: string;
  /** What the client says of itself. */
  readonly client?: { readonly name: string; readonly version: string };
  /** `_meta` of the request. */
  readonly meta: JsonObject;
  /** A header of the HTTP request that brought it; undefined on other transports. */
  header(name: string): string | undefined;
}

/** Told how one request goes on. Nothing is called after `ended`. */
export interface TelemetrySpan {
  /** Runs the work of the request; what it starts can find the span. Calls `work` once, at once, and returns its value. */
  run?<T>(work: () => T): T;
  /** The arguments were judged by their schema. */
  validated?(ok: boolean): void;
  /** The operation is this call's to do: nobody else does it, and nobody has. */
  claimed?(operationId: string): void;
  /** The author's handler begins. */
  began?(): void;
  /** The client is asked something while its request waits. */
  asks?(method: string): TelemetryQuestion | undefined;
  ended?(ending: TelemetryEnding): void;
}

/** A request of the server to the client. */
export interface TelemetryQuestion {
  /** Members for `_meta` of the request, e.g. `traceparent`. */
  readonly meta: JsonObject;
  /** Its JSON-RPC id is known; it is about to be sent. */
  named?(id: RequestId): void;
  /** `error` is undefined when the client answered; where it answered with an error, that is the `cause` (`McpError`). */
  ended(error?: Error): void;
}

/** How a request ended for its client. */
export interface TelemetryEnding {
  readonly outcome: AuditOutcome;
  /** JSON-RPC error code and message of the answer. */
  readonly errorCode?: number;
  readonly errorMessage?: string;
  /** Why it was denied. */
  readonly denied?: AuditDenialReason;
  readonly operationId?: string;
  /** What this call had to do with the operation: did it, waited for it, or got the outcome of an earlier call. */
  readonly operation?: "ran" | "joined" | "replayed";
  readonly durationMs: number;
}

/** How asking an authenticator went. */
export interface TelemetryAuthentication {
  readonly outcome: "ok" | "denied" | "unavailable";
  readonly scheme: string;
  readonly durationMs: number;
}

/** A session that was opened, or has ended. */
export interface TelemetrySession {
  readonly event: "opened" | "ended";
  readonly revision: string;
  readonly transport: TransportName;
  /** How long it lasted; of one that has ended. */
  readonly durationMs?: number;
}

/** The server that is watched. */
export interface TelemetryServer {
  readonly name: string;
  /** True when callers over HTTP prove who they are. */
  readonly authenticates: boolean;
  readonly logger: Logger;
  /** What is there now. Costs a few look-ups. */
  figures(): TelemetryFigures;
}

/** What is there at one moment, in this process. */
export interface TelemetryFigures {
  /** Calls in flight, listen streams apart. */
  readonly calls: number;
  /** Listen streams (2026-07-28). */
  readonly listening: number;
  /** Operations that are worked on or waited for. */
  readonly operations: number;
  /** Sessions that hold something. */
  readonly sessions: number;
  /** Event streams that somebody reads. */
  readonly openStreams: number;
  /** Streams that can be resumed, read or not. */
  readonly heldStreams: number;
  /** Bytes that wait for slow readers. */
  readonly queuedBytes: number;
  /** Characters of events held in memory for those who come back. */
  readonly heldBytes: number;
  /** Bytes of request bodies that are still coming in. */
  readonly bodyBytes: number;
}

/** A page of text beside the MCP endpoint, for callers who prove that they may read it. */
export interface TelemetryPage {
  /** One segment, e.g. `/metrics`. */
  readonly path: string;
  /** The permission it needs. */
  readonly requires: string;
  read(): Promise<{ readonly contentType: string; readonly text: string }>;
}
