import { type Audit, resolveAudit } from "../audit/audit.js";
import type { AuditOptions, AuditSink } from "../audit/types.js";
import { type Authenticator, anonymous } from "../auth/authenticator.js";
import { lmdbStore } from "../drivers/lmdb/index.js";
import { HoldfastError } from "../errors.js";
import type { Implementation } from "../protocol/types.js";
import { assertSecrets } from "../sessions/sealer.js";
import { memoryStore } from "../stores/memory/index.js";
import type { Store } from "../stores/types.js";
import { type Logger, stderrLogger, steadyLogger } from "../util/logger.js";
import { hideFromLogs } from "../util/redact.js";
import { type Instruments, resolveTelemetry } from "./instruments.js";
import { type Limits, resolveLimits } from "./limits.js";
import { type CallLimits, compileLimits } from "./rate-limits.js";
import type { Telemetry } from "./telemetry.js";
import type { CacheHint, RateLimit, WhenDenied } from "./types.js";

/** Options of `new McpServer(info, options)`. */
export interface McpServerOptions {
  /** Guidance for models on how to use this server; sent by `initialize` and `server/discover`. */
  readonly instructions?: string;
  /** Who callers are. Default: everybody is the same anonymous principal without permissions. */
  readonly auth?: Authenticator;
  /**
   * Where state lives. `"lmdb:DIR"` keeps it in a directory (needs the package `lmdb`): operations, streams and sessions
   * survive a crash and a restart. Default: `MCP_STORE`, else `"memory"`, which ends with the process.
   */
  readonly store?: "memory" | `lmdb:${string}` | Store;
  /**
   * One or several secrets (16 characters or more, newest first) that seal session ids and request state; the newest
   * seals, all open. Default: `MCP_SECRET` (comma separated), else a random one, so that ids end with the process.
   */
  readonly secret?: string | readonly string[];
  /** Bounds that differ from their defaults (`LIMITS` has all of them with their reasons); `Infinity` lifts one. */
  readonly limits?: Partial<Limits>;
  /** The URL clients use, when a proxy stands in front: its host is then allowed. */
  readonly publicUrl?: string;
  /** Host names requests may be addressed to, beside loopback, the bound address and `publicUrl`; `"*"` allows all. */
  readonly allowedHosts?: readonly string[];
  /** Origins of web pages that may call (with CORS). Default: only pages of this server itself. `"*"` allows all. */
  readonly allowedOrigins?: readonly string[];
  /** Default `true`: clients get a correlation id instead of the message of an unexpected error. */
  readonly maskErrors?: boolean;
  /** Entries of one page of a list. */
  readonly pageSize?: number;
  /** Cache hints of lists (2026-07-28). Default: stale at once. */
  readonly cache?: CacheHint;
  /** What callers get that lack the permissions for something, unless it says otherwise. Default: `"challenge"`. */
  readonly whenDenied?: WhenDenied;
  /**
   * How often one caller may call tools, read resources, get prompts and complete arguments, all counted together, over
   * all processes that share the store; several hold together. Beyond: 429, error 1429. Default: no such limit.
   */
  readonly rateLimit?: RateLimit | readonly RateLimit[];
  /** How many of these one caller may have running at a time. Default: no such limit, only `limits.maxCallsPerPrincipal`. */
  readonly concurrency?: number;
  /**
   * `_meta` members in which hosts send an id of one use of a tool, the same when they call again: a key for callers
   * that send none. Default: `["claudecode/toolUseId"]`.
   */
  readonly hostCallIds?: readonly string[];
  /**
   * Where calls are recorded, one event for each: who called what, whether it was allowed, what came of it; e.g.
   * `auditJsonLines({ path })`. Default: nowhere.
   */
  readonly audit?: AuditSink | AuditOptions;
  /**
   * Who is told of requests, sessions, streams and limits: `otel()` of `holdfast/otel`, `prometheus()` of
   * `holdfast/prometheus`, or several. Default: nobody.
   */
  readonly telemetry?: Telemetry | readonly Telemetry[];
  /** Where Holdfast reports. Default: lines on stderr. */
  readonly logger?: Logger;
}

/** Options with every default filled in; nobody below writes `??`. */
export interface ResolvedOptions {
  readonly info: Implementation;
  readonly instructions: string | undefined;
  readonly auth: Authenticator;
  readonly store: Store;
  /** True when the store was opened here, and not by whoever passed it. */
  readonly ownsStore: boolean;
  /** Empty when none was configured: the definition makes one when it first seals something. */
  readonly secrets: readonly string[];
  readonly limits: Limits;
  readonly publicUrl: URL | undefined;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly maskErrors: boolean;
  readonly pageSize: number;
  readonly cache: CacheHint | undefined;
  readonly whenDenied: WhenDenied;
  /** Of one caller over everything; undefined when there are none. */
  readonly callLimits: CallLimits | undefined;
  readonly hostCallIds: readonly string[];
  readonly audit: Audit | undefined;
  readonly instruments: Instruments | undefined;
  readonly logger: Logger;
}

/** Hosts that say which use of a tool a call is for. */
const DEFAULT_HOST_CALL_IDS = ["claudecode/toolUseId"];
/** A page of a list that still fits in one SSE event of the clients that bound it at 1 MiB. */
const DEFAULT_PAGE_SIZE = 250;
const SECRET_VARIABLE = "MCP_SECRET";
const STORE_VARIABLE = "MCP_STORE";

const OPTION_NAMES: ReadonlySet<string> = new Set<keyof McpServerOptions>([
  "instructions",
  "auth",
  "store",
  "secret",
  "limits",
  "publicUrl",
  "allowedHosts",
  "allowedOrigins",
  "maskErrors",
  "pageSize",
  "cache",
  "whenDenied",
  "rateLimit",
  "concurrency",
  "hostCallIds",
  "audit",
  "telemetry",
  "logger",
]);

/** Fills in defaults and checks everything once. Throws at start, never at the first request. */
export function resolveOptions(info: Implementation, options: McpServerOptions): ResolvedOptions {
  if (typeof info?.name !== "string" || info.name === "" || typeof info.version !== "string") {
    throw new TypeError("new McpServer needs { name, version }");
  }
  for (const key of Object.keys(options)) {
    // A misspelt `auth` must not leave a server open.
    if (!OPTION_NAMES.has(key))
      throw new TypeError(`new McpServer: unknown option ${key}. Options: ${[...OPTION_NAMES].join(", ")}`);
  }
  const logger = steadyLogger(options.logger ?? stderrLogger);
  return {
    info,
    instructions: options.instructions,
    auth: options.auth ?? anonymous(),
    store: resolveStore(options.store ?? process.env[STORE_VARIABLE]),
    ownsStore: typeof options.store !== "object",
    secrets: resolveSecrets(options.secret ?? process.env[SECRET_VARIABLE]?.split(",")),
    limits: resolveLimits(options.limits),
    publicUrl: resolvePublicUrl(options.publicUrl),
    allowedHosts: (options.allowedHosts ?? []).map((host) => host.toLowerCase()),
    allowedOrigins: options.allowedOrigins ?? [],
    maskErrors: options.maskErrors ?? true,
    pageSize: resolvePageSize(options.pageSize),
    cache: options.cache,
    whenDenied: options.whenDenied ?? "challenge",
    audit: resolveAudit(options.audit, logger),
    instruments: resolveTelemetry(options.telemetry, logger),
    callLimits: compileLimits("", options),
    logger,
    hostCallIds: options.hostCallIds ?? DEFAULT_HOST_CALL_IDS,
  };
}

function resolveStore(store: string | Store | undefined): Store {
  if (store === undefined || store === "memory") return memoryStore();
  if (typeof store === "object") return store;
  const dir = /^lmdb:(?:\/\/)?(.+)$/.exec(store)?.[1];
  if (dir !== undefined) return lmdbStore({ dir });
  const text = `Unknown store ${JSON.stringify(store)}. There are "memory" and "lmdb:DIR", e.g. lmdb:./data.`;
  throw new HoldfastError("ERR_CONFIG", text);
}

function resolveSecrets(secret: string | readonly string[] | undefined): readonly string[] {
  const secrets = (typeof secret === "string" ? [secret] : (secret ?? [])).map((one) => one.trim()).filter(Boolean);
  if (secrets.length > 0) assertSecrets(secrets);
  for (const one of secrets) hideFromLogs(one);
  return secrets;
}

function resolvePublicUrl(url: string | undefined): URL | undefined {
  if (url === undefined) return undefined;
  if (!URL.canParse(url)) throw new TypeError(`publicUrl is not a URL: ${url}`);
  return new URL(url);
}

function resolvePageSize(size: number | undefined): number {
  if (size === undefined) return DEFAULT_PAGE_SIZE;
  if (!Number.isSafeInteger(size) || size < 1) throw new TypeError("pageSize must be a whole number above 0");
  return size;
}
