/** What is measured: names and labels of the OpenTelemetry conventions for MCP where they have one, else our own. */
import type { TelemetryFigures } from "../server/telemetry.js";

/** One metric. */
export interface Measure {
  readonly name: string;
  /** UCUM, as OpenTelemetry writes units. */
  readonly unit: string;
  readonly description: string;
  readonly labels: readonly string[];
}

/** Attributes of the conventions (OpenTelemetry, "Semantic conventions for Model Context Protocol"), and our own. */
export const ATTRIBUTE = {
  method: "mcp.method.name",
  protocolVersion: "mcp.protocol.version",
  sessionId: "mcp.session.id",
  resourceUri: "mcp.resource.uri",
  requestId: "jsonrpc.request.id",
  statusCode: "rpc.response.status_code",
  errorType: "error.type",
  tool: "gen_ai.tool.name",
  prompt: "gen_ai.prompt.name",
  operationName: "gen_ai.operation.name",
  transport: "network.transport",
  protocolName: "network.protocol.name",
  outcome: "holdfast.outcome",
  denied: "holdfast.denied",
  operationId: "holdfast.operation.id",
  operation: "holdfast.operation",
  clientName: "holdfast.client.name",
  clientVersion: "holdfast.client.version",
  authScheme: "holdfast.auth.scheme",
  limit: "holdfast.limit",
} as const;

/** Bounds of buckets in seconds, as the conventions recommend them for every duration. */
export const DURATION_BUCKETS: readonly number[] = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300];

const WIRE: readonly string[] = [ATTRIBUTE.protocolVersion, ATTRIBUTE.protocolName, ATTRIBUTE.transport];
const REQUEST: readonly string[] = [ATTRIBUTE.method, ATTRIBUTE.tool, ATTRIBUTE.prompt, ATTRIBUTE.operationName];

export const DURATIONS: Readonly<Record<"request" | "question" | "session" | "authentication", Measure>> = {
  request: {
    name: "mcp.server.operation.duration",
    unit: "s",
    description: "How long requests of clients took, from when they were decoded to their answer.",
    labels: [...REQUEST, ATTRIBUTE.errorType, ATTRIBUTE.statusCode, ...WIRE],
  },
  question: {
    name: "mcp.client.operation.duration",
    unit: "s",
    description: "How long clients took to answer what the server asked them.",
    labels: [ATTRIBUTE.method, ATTRIBUTE.errorType, ATTRIBUTE.statusCode, ...WIRE],
  },
  session: {
    name: "mcp.server.session.duration",
    unit: "s",
    description: "How long sessions lasted that were ended by their client or with their connection.",
    labels: WIRE,
  },
  authentication: {
    name: "holdfast.authentication.duration",
    unit: "s",
    description: "How long it took to find out who is calling over HTTP.",
    labels: [ATTRIBUTE.outcome, ATTRIBUTE.authScheme],
  },
};

export const COUNTERS: Readonly<Record<"operations" | "sessions" | "denied" | "rateLimited" | "limits", Measure>> = {
  operations: {
    name: "holdfast.operations",
    unit: "{operation}",
    description: "Calls that asked for an operation: ran it, joined it while it ran, or got its recorded outcome.",
    labels: [ATTRIBUTE.tool, ATTRIBUTE.operation, ATTRIBUTE.outcome],
  },
  sessions: {
    name: "holdfast.sessions.opened",
    unit: "{session}",
    description: "Sessions opened by `initialize`.",
    labels: WIRE,
  },
  denied: {
    name: "holdfast.denials",
    unit: "{request}",
    description: "Requests that were denied, by reason.",
    labels: [...REQUEST, ATTRIBUTE.denied],
  },
  rateLimited: {
    name: "holdfast.rate_limit.refusals",
    unit: "{request}",
    description: "Requests refused by `rateLimit` or `concurrency`.",
    labels: REQUEST,
  },
  limits: {
    name: "holdfast.limit.hits",
    unit: "{hit}",
    description: "How often something met a bound of `limits` and was refused, cut or left out.",
    labels: [ATTRIBUTE.limit],
  },
};

/** What is there now; read when somebody asks. */
export interface FigureMeasure extends Measure {
  readonly of: keyof TelemetryFigures;
}

export const FIGURES: readonly FigureMeasure[] = [
  figure("calls", "holdfast.calls.active", "{request}", "Calls in flight, listen streams apart."),
  figure("listening", "holdfast.listeners.active", "{stream}", "Listen streams of revision 2026-07-28."),
  figure("operations", "holdfast.operations.active", "{operation}", "Operations worked on or waited for."),
  figure("sessions", "holdfast.sessions.active", "{session}", "Sessions that hold something in this process."),
  figure("openStreams", "holdfast.streams.open", "{stream}", "Event streams that somebody reads."),
  figure("heldStreams", "holdfast.streams.held", "{stream}", "Streams that can be resumed, read or not."),
  figure("queuedBytes", "holdfast.queue.size", "By", "Bytes that wait for slow readers."),
  figure("heldBytes", "holdfast.replay.size", "By", "Events held in memory for clients that come back, in characters."),
  figure("bodyBytes", "holdfast.body.size", "By", "Bytes of request bodies that are still coming in."),
];

function figure(of: keyof TelemetryFigures, name: string, unit: string, description: string): FigureMeasure {
  return { of, name, unit, description, labels: [] };
}
