/**
 * Every bound of the server: one table from which options, documentation and tests are made. A bound is finite by
 * default; `Infinity` lifts it explicitly.
 *
 * @example
 * ```ts
 * const twice = LIMITS.maxBodyBytes.default * 2;
 * const mcp = new McpServer({ name: "files", version: "1.0.0" }, { limits: { maxBodyBytes: twice } });
 * ```
 */
export const LIMITS = {
  maxBodyBytes: { default: 4_194_304, why: "A request body is held in memory whole; 4 MiB is what peers allow." },
  maxLineBytes: {
    default: 16_777_216,
    why: "One stdio message; above HTTP's bound because the parent process is trusted more than a network.",
  },
  maxBodyBytesTotal: {
    default: 268_435_456,
    why: "Bodies being read at one time, all together; beyond, requests are told to come back (503).",
  },
  maxJsonDepth: { default: 128, why: "Arguments nest a few levels; what walks through them is recursive." },
  maxJsonKeys: { default: 100_000, why: "Members and elements of one message; far above what a model writes." },
  maxHeaderBytes: { default: 16_384, why: "Request line and headers of one request; 431 beyond. Node's own bound." },
  headersTimeoutMs: { default: 15_000, why: "Request headers that take longer are a slowloris; the connection ends." },
  requestTimeoutMs: {
    default: 60_000,
    why: "A whole request, its body included; answers may take as long as they need.",
  },
  authTimeoutMs: { default: 10_000, why: "An authenticator that has not decided by then: 503, and nobody was let in." },
  maxConnections: { default: 50_000, why: "Open connections; each costs about 10 KiB whether it asks or not." },
  maxBatch: { default: 100, why: "Messages in one JSON-RPC batch (2025-03-26): each may start a call." },
  maxCalls: { default: 10_000, why: "Calls in flight of everybody; beyond, new ones are told to come back (503)." },
  maxCallsPerPrincipal: {
    default: 1000,
    why: "Calls in flight of one authenticated caller, so that one cannot take the places of all.",
  },
  maxCallsPerSession: { default: 1000, why: "Calls in flight of one session or stdio connection." },
  maxNotificationsPerCall: {
    default: 1_000_000,
    why: "Progress and log messages of one call; a handler that sends more is in a loop, the rest is dropped.",
  },
  maxResultBytes: {
    default: 67_108_864,
    why: "Characters of one result; clients hold it whole and models read far less. The call fails with words.",
  },
  callTimeoutMs: { default: 3_600_000, why: "A call without a timeoutMs of its own ends some day: one hour." },
  clientRequestTimeoutMs: {
    default: 300_000,
    why: "How long a client may take to answer elicitation: people are slow.",
  },
  sessionMaxAgeMs: { default: 604_800_000, why: "A session id that leaked is of no use after a week." },
  sessionIdleMs: {
    default: 1_800_000,
    why: "What a session accumulated is forgotten when it is silent for 30 minutes.",
  },
  maxSessions: {
    default: 50_000,
    why: "Sessions that hold state (an open stream, a subscription); others cost nothing.",
  },
  maxSessionsPerPrincipal: {
    default: 5000,
    why: "Sessions with state of one authenticated caller, so that one cannot take the places of all.",
  },
  maxSubscriptions: { default: 1000, why: "Resource subscriptions of one session or listen stream." },
  maxPendingRequests: { default: 100, why: "Requests to one client that wait for its answer." },
  maxStreams: {
    default: 50_000,
    why: "Streams; at the bound the one nobody has read for longest makes room, else 503.",
  },
  maxStreamsPerPrincipal: {
    default: 5000,
    why: "Streams of one authenticated caller, so that one cannot take the places of all.",
  },
  maxStreamsPerSession: { default: 16, why: "Standing GET streams one session may hold open." },
  streamMaxEvents: { default: 1024, why: "Events of one stream kept for a client that reconnects." },
  streamMaxBytes: { default: 8_388_608, why: "Characters of events of one stream kept for a client that reconnects." },
  streamMaxBytesTotal: {
    default: 268_435_456,
    why: "Characters of the events of all streams in memory; beyond, the ones nobody reads are forgotten first.",
  },
  resumeWindowMs: {
    default: 300_000,
    why: "How long a dropped stream can be resumed: five minutes, a train in a tunnel.",
  },
  maxQueuedBytes: { default: 4_194_304, why: "Bytes waiting for a slow reader; beyond, its connection is ended." },
  maxQueuedBytesTotal: {
    default: 268_435_456,
    why: "Bytes waiting for all slow readers together; beyond, whoever is behind loses its connection.",
  },
  keepAliveMs: { default: 15_000, why: "Below every common proxy's idle timeout (nginx and ALB: 60 s)." },
  slowCallMs: {
    default: 1000,
    why: "A call not answered by then becomes a stream, so that it is kept alive and resumable.",
  },
  operationTtlMs: {
    default: 86_400_000,
    why: "How long the outcome of a call with a key can be had again: a day, like payment services.",
  },
  operationTombstoneMs: {
    default: 86_400_000,
    why: "How long a key is remembered after its outcome: a late retry is told so instead of being run.",
  },
  joinWindowMs: {
    default: 120_000,
    why: "How long an answer that did not arrive waits for the same call without a key: twice a client's timeout.",
  },
  detachGraceMs: {
    default: 300_000,
    why: "How long a write goes on when nobody is connected to it, as long as a stream can be resumed.",
  },
  leaseMs: {
    default: 15_000,
    why: "After this silence another process may take an operation over; renewed three times as often.",
  },
  taskTtlMs: {
    default: 7_200_000,
    why: "How long a task can be asked for: an hour of work (callTimeoutMs) and an hour to fetch the result.",
  },
  taskPollMs: { default: 1000, why: "What clients are told to wait between two looks at a task." },
  maxTasks: {
    default: 10_000,
    why: "Tasks that run or can still be asked for; beyond, slow calls stay calls and other tasks wait (503).",
  },
  maxTasksPerPrincipal: {
    default: 1000,
    why: "Such tasks of one authenticated caller, so that one cannot take the places of all.",
  },
  taskMaxBytesTotal: {
    default: 268_435_456,
    why: "Characters of the results of all tasks that can still be asked for; beyond, no new ones are made.",
  },
  retryMs: { default: 1000, why: "What event streams tell clients to wait before they reconnect." },
  requestStateTtlMs: {
    default: 3_600_000,
    why: "How long the answer to input_required may take: an hour, as for forms.",
  },
  requestStateMaxBytes: {
    default: 65_536,
    why: "requestState travels twice per round trip; larger state belongs in a store.",
  },
  maxRounds: { default: 32, why: "input_required round trips of one call; more is a loop." },
} as const;

/** The name of a limit. */
export type LimitName = keyof typeof LIMITS;
/** Every limit with a value. */
export type Limits = Readonly<Record<LimitName, number>>;

/** Fills in defaults; throws a TypeError for a value that is not a number above zero or a name that does not exist. */
export function resolveLimits(given: Partial<Limits> = {}): Limits {
  const limits = Object.fromEntries(Object.entries(LIMITS).map(([name, limit]) => [name, limit.default])) as Record<
    LimitName,
    number
  >;
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(LIMITS, name))
      throw new TypeError(`limits.${name} does not exist; limits: ${Object.keys(LIMITS).join(", ")}`);
    if (typeof value !== "number" || !(value > 0)) throw new TypeError(`limits.${name} must be a number above 0`);
    limits[name as LimitName] = value;
  }
  return limits;
}
