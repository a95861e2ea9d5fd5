import { AuthenticationError } from "../errors.js";
import { type Logger, stderrLogger, steadyLogger } from "../util/logger.js";
import { chain, type MaybePromise } from "../util/maybe-promise.js";
import { OptionChecks } from "../util/option-checks.js";
import { type ApiKey, compileKeys, type KeyTable } from "./api-key-table.js";
import type { Authenticator, AuthRequest } from "./authenticator.js";
import { bearerToken } from "./bearer.js";
import type { Principal } from "./principal.js";
import { Renewed } from "./renewed.js";
import { sha256 } from "./secrets.js";

/** Options of `apiKeys`. */
export interface ApiKeysOptions {
  /** The keys, or a function that gets them, e.g. from a database; it is asked again after `refreshSeconds`. */
  readonly keys: readonly ApiKey[] | (() => readonly ApiKey[] | Promise<readonly ApiKey[]>);
  /**
   * Where the key is: `authorization` (the default) for `Authorization: Bearer …`, any other name for a header that holds
   * the key alone, such as `x-api-key`; several if callers may choose.
   */
  readonly header?: string | readonly string[];
  /** How old what the function gave may get, and so how long a withdrawn key may still work. Default: 60. */
  readonly refreshSeconds?: number;
  /** How much older while the function fails; after that nobody is let in (503). Default: 900. */
  readonly maxStaleSeconds?: number;
  /** How long the function may take. Default: 5000. */
  readonly timeoutMs?: number;
  /** Hears when the function fails. Default: lines on stderr. */
  readonly logger?: Logger;
}

/** A minute: withdrawing a key takes effect before anybody has finished telling others. */
const REFRESH_SECONDS = 60;
/** A quarter of an hour: a database restarts within it, and a withdrawn key does not work for long. */
const MAX_STALE_SECONDS = 900;
/** Half of `limits.authTimeoutMs`, so that the reason is in the log and not only that it took too long. */
const TIMEOUT_MS = 5_000;

const checks: OptionChecks = new OptionChecks("apiKeys()");
const OPTION_NAMES: ReadonlySet<string> = new Set<keyof ApiKeysOptions>([
  ...(["keys", "header", "refreshSeconds", "maxStaleSeconds", "timeoutMs", "logger"] as const),
]);

/**
 * Lets in who sends one of the given keys. Keys are looked up by their SHA-256: how long that takes depends on the digest,
 * which nobody can choose, so it tells nothing of other keys.
 *
 * @throws HoldfastError `ERR_CONFIG` for a key that could never be accepted.
 *
 * @example
 * ```ts
 * import { apiKeys, hashApiKey, McpServer } from "holdfast";
 *
 * const key = process.env.CI_KEY ?? "only-for-this-example";
 * const auth = apiKeys({ keys: [{ hash: hashApiKey(key), subject: "ci", permissions: ["netbox:read"] }] });
 * const mcp = new McpServer({ name: "lab", version: "1.0.0" }, { auth });
 * ```
 */
export function apiKeys(options: ApiKeysOptions): Authenticator {
  const { header = "authorization" } = checks.known(options, OPTION_NAMES);
  const headers = checks.texts(header, "header").map((name) => checks.header(name, "header"));
  const table = tableOf(options);
  return {
    scheme: "api-key",
    authenticates: true,
    authenticate: (request) => {
      const key = keyOf(request, headers);
      return key === undefined ? undefined : chain(table(), (keys) => find(keys, key));
    },
  };
}

function find(keys: KeyTable, key: string): Principal {
  const principal = keys.get(sha256(key).toString("hex"));
  if (principal === undefined) throw new AuthenticationError("The API key is not known.");
  if (principal.expiresAt !== undefined && !(principal.expiresAt > Date.now())) {
    throw new AuthenticationError("The API key has expired.");
  }
  return principal;
}

/** @throws AuthenticationError for two keys in one request: which of them counts is not for us to guess. */
function keyOf(request: AuthRequest, headers: readonly string[]): string | undefined {
  let found: string | undefined;
  for (const header of headers) {
    const key = header === "authorization" ? bearerToken(request) : request.header(header);
    if (key === undefined) continue;
    if (found !== undefined && found !== key) throw new AuthenticationError("The request has two API keys.");
    found = key;
  }
  return found;
}

/** The keys there are now: at once as long as those that are here are new enough. */
function tableOf(options: ApiKeysOptions): () => MaybePromise<KeyTable> {
  const { keys, refreshSeconds = REFRESH_SECONDS, maxStaleSeconds = MAX_STALE_SECONDS } = options;
  if (typeof keys !== "function") {
    const table = compileKeys(keys);
    return () => table;
  }
  const maxAgeMs = checks.number(refreshSeconds, "refreshSeconds") * 1000;
  const usableMs = maxAgeMs + checks.number(maxStaleSeconds, "maxStaleSeconds") * 1000;
  const timeoutMs = checks.number(options.timeoutMs ?? TIMEOUT_MS, "timeoutMs");
  const logger = steadyLogger(options.logger ?? stderrLogger);
  let last: { readonly table: KeyTable; readonly at: number } | undefined;
  const source = {
    what: "The list of API keys",
    fetch: async () => {
      const table = compileKeys(await keys(), last?.table);
      last = { table, at: Date.now() };
      return table;
    },
    failed: (error: unknown) => logger.log("error", "api_keys_unavailable", { error }),
  };
  // Not stale while it is renewed: after a quiet night, a key that was withdrawn in the evening must not open once more.
  const renewed = new Renewed<KeyTable>(source, { maxAgeMs, staleMs: 0, timeoutMs });
  const orLast = (error: unknown): KeyTable => {
    const age = Date.now() - (last?.at ?? Number.NEGATIVE_INFINITY);
    if (last === undefined || !(age >= 0 && age < usableMs)) throw error;
    return last.table;
  };
  return () => renewed.current() ?? renewed.load().catch(orLast);
}
