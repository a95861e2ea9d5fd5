import { AuthenticationError } from "../errors.js";
import { nodeCrypto } from "../util/crypto.js";
import { OptionChecks } from "../util/option-checks.js";
import type { Authenticator } from "./authenticator.js";
import type { Principal } from "./principal.js";
import { assertSecret, sha256 } from "./secrets.js";

/** Options of `sharedSecret`. */
export interface SharedSecretOptions {
  /** At least 16 characters each; several while one is replaced by another. */
  readonly secret: string | readonly string[];
  /** What whoever knows the secret may do, e.g. `["*"]`. There is no default: all of it, or nothing, would surprise. */
  readonly permissions: readonly string[];
  readonly roles?: readonly string[];
  /** The header that holds the secret and nothing else. Default: `x-mcp-token`. */
  readonly header?: string;
  /** Who this is in logs, audit events and bounds per caller. Default: `gateway`. */
  readonly subject?: string;
}

const DEFAULT_HEADER = "x-mcp-token";
const DEFAULT_SUBJECT = "gateway";

const checks: OptionChecks = new OptionChecks("sharedSecret()");
const OPTION_NAMES: ReadonlySet<string> = new Set<keyof SharedSecretOptions>([
  ...(["secret", "permissions", "roles", "header", "subject"] as const),
]);

/**
 * Lets in who sends a secret that both sides know: a gateway, or another service of one's own. All that know it are one
 * principal. The secret is compared with every configured one in constant time.
 *
 * @throws HoldfastError `ERR_CONFIG` for a secret that is short, and without `permissions`.
 *
 * @example
 * ```ts
 * import { McpServer, sharedSecret } from "holdfast";
 *
 * const auth = sharedSecret({ secret: process.env.MCP_GATEWAY_SECRET ?? "", permissions: ["*"] });
 * const mcp = new McpServer({ name: "lab", version: "1.0.0" }, { auth });
 * ```
 */
export function sharedSecret(options: SharedSecretOptions): Authenticator {
  const { secret, permissions, roles, subject = DEFAULT_SUBJECT } = checks.known(options, OPTION_NAMES);
  const header = checks.header(options.header ?? DEFAULT_HEADER, "header");
  if (header === "authorization") throw checks.wrong("use apiKeys() for the Authorization header");
  const digests = checks.texts(secret, "secret").map((one) => sha256(assertSecret(one, "secret", checks)));
  const principal: Principal = Object.freeze({
    issuer: "shared-secret",
    subject: checks.text(subject, "subject"),
    permissions: checks.names(permissions, "permissions"),
    ...(roles !== undefined && { roles: checks.names(roles, "roles") }),
  });
  return {
    scheme: "shared-secret",
    authenticates: true,
    authenticate: (request) => {
      const value = request.header(header);
      if (value === undefined) return undefined;
      if (!isOneOf(digests, value)) throw new AuthenticationError("The shared secret is wrong.");
      return principal;
    },
  };
}

/** Looks at all of them whatever the first ones say: the time taken does not tell which secret is the current one. */
function isOneOf(digests: readonly Buffer[], value: string): boolean {
  const given = sha256(value);
  let found = false;
  for (const digest of digests) {
    const same = nodeCrypto().timingSafeEqual(digest, given);
    found = same || found;
  }
  return found;
}
