import { AuthenticationError, AuthenticationUnavailableError, HoldfastError } from "../errors.js";
import { isThenable, type MaybePromise } from "../util/maybe-promise.js";
import type { Authenticator, AuthRequest, OAuthResource } from "./authenticator.js";
import type { Principal } from "./principal.js";

/** The authenticators behind each `anyOf`, so that one inside another is asked member by member. */
const MEMBERS = new WeakMap<Authenticator, readonly Authenticator[]>();

/**
 * Tries several authenticators, in order, until one knows the caller. Credentials that one of them refuses may be those
 * of the next (a bearer token is a JWT or an API key). Those that ask nobody for proof, such as `anonymous()`, come last
 * wherever they stand, and only for requests without credentials: bad ones never make an anonymous caller.
 *
 * @example
 * ```ts
 * import { anonymous, anyOf, apiKeys, hashApiKey, McpServer } from "holdfast";
 *
 * const ci = { hash: hashApiKey(process.env.CI_KEY ?? ""), subject: "ci", permissions: ["netbox:*"] };
 * const auth = anyOf(apiKeys({ keys: [ci] }), anonymous({ permissions: ["netbox:read"] }));
 * const mcp = new McpServer({ name: "lab", version: "1.0.0" }, { auth });
 * ```
 */
export function anyOf(...authenticators: readonly Authenticator[]): Authenticator {
  if (authenticators.length === 0) throw new HoldfastError("ERR_CONFIG", "anyOf(): needs at least one authenticator");
  const members = authenticators.flatMap((one) => MEMBERS.get(one) ?? [one]);
  const proving = members.filter((one) => one.authenticates);
  const ordered = [...proving, ...members.filter((one) => !one.authenticates)];
  const oauth = mergeOAuth(members);
  const merged: Authenticator = {
    scheme: [...new Set(ordered.map(({ scheme }) => scheme))].join("|"),
    authenticates: proving.length === members.length,
    authenticate: (request) => ask({ members: ordered, request, failures: [] }, 0),
    ...(oauth !== undefined && { oauth }),
  };
  MEMBERS.set(merged, members);
  return merged;
}

/** One request, and why it was refused so far. */
interface Attempt {
  readonly members: readonly Authenticator[];
  readonly request: AuthRequest;
  readonly failures: unknown[];
}

/** Asks the members from `from` on. Stays synchronous as long as they do. */
function ask(attempt: Attempt, from: number): MaybePromise<Principal | undefined> {
  const { members, request, failures } = attempt;
  for (let at = from; at < members.length; at++) {
    const member = members[at] as Authenticator;
    if (!member.authenticates && hasCredentials(attempt)) break;
    try {
      const answer = member.authenticate(request);
      if (isThenable(answer)) return later(attempt, at, answer as PromiseLike<Principal | undefined>);
      if (answer !== undefined) return answer as Principal;
    } catch (error) {
      failures.push(error);
    }
  }
  return refuse(failures);
}

async function later(
  attempt: Attempt,
  at: number,
  answer: PromiseLike<Principal | undefined>,
): Promise<Principal | undefined> {
  try {
    const principal = await answer;
    if (principal !== undefined) return principal;
  } catch (error) {
    attempt.failures.push(error);
  }
  return ask(attempt, at + 1);
}

/**
 * Refused, or unknown to all: an authenticator of somebody's own may well say "none of mine" to a bad token, and that
 * must not make its sender an anonymous caller.
 */
function hasCredentials({ request, failures }: Attempt): boolean {
  return failures.length > 0 || request.header("authorization") !== undefined;
}

/** Whoever could not find out might have let the caller in, so that comes first: the caller is to try again. */
function refuse(failures: readonly unknown[]): undefined {
  if (failures.length === 0) return undefined;
  const unavailable = failures.find((error) => error instanceof AuthenticationUnavailableError);
  throw unavailable ?? failures.find((error) => error instanceof AuthenticationError) ?? failures[0];
}

function mergeOAuth(members: readonly Authenticator[]): OAuthResource | undefined {
  const resources = members.flatMap(({ oauth }) => oauth ?? []);
  if (resources.length < 2) return resources[0];
  const scopes = resources.every((one) => one.scopes === undefined)
    ? undefined
    : [...new Set(resources.flatMap((one) => one.scopes ?? []))];
  const describing = resources.filter((one) => one.authorizationServerMetadata !== undefined);
  return {
    authorizationServers: [...new Set(resources.flatMap((one) => one.authorizationServers))],
    ...(scopes !== undefined && { scopes }),
    ...(describing.length > 0 && {
      authorizationServerMetadata: async (issuer: string) => {
        const one = describing.find(({ authorizationServers }) => authorizationServers.includes(issuer));
        return one?.authorizationServerMetadata?.(issuer);
      },
    }),
  };
}
