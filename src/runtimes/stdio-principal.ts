import type { AuthRequest } from "../auth/authenticator.js";
import { LOCAL_PRINCIPAL, type Principal } from "../auth/principal.js";
import { HoldfastError } from "../errors.js";
import type { Definition } from "../server/definition.js";
import type { ResolvedRunOptions } from "./run-options.js";

/**
 * The caller over stdio, from options and the environment (2026-07-28, authorization, "Protocol Requirements"). Without
 * any of them it is whoever started the process, who could as well run the code itself: nothing is withheld.
 *
 * @throws HoldfastError `ERR_UNAUTHENTICATED` when a token was given and is not good.
 */
export async function stdioPrincipal(
  { auth }: Definition,
  { subject, permissions, token }: ResolvedRunOptions,
): Promise<Principal> {
  if (token === "") return { ...LOCAL_PRINCIPAL, subject, permissions };
  const request: AuthRequest = {
    method: "POST",
    path: "stdio:",
    header: (name) => (name === "authorization" ? `Bearer ${token}` : undefined),
    remoteAddress: undefined,
  };
  const principal = await auth.authenticate(request);
  if (principal !== undefined && auth.authenticates) return withExpiry(principal);
  const why = auth.authenticates ? "does not accept the token" : "authenticates nobody";
  throw new HoldfastError("ERR_UNAUTHENTICATED", `MCP_TOKEN is set, but this server ${why}. Configure \`auth\`.`);
}

const NOTHING: readonly string[] = [];

/** What was granted ends with the token: the process lives on, its calls are refused from then on. */
function withExpiry(principal: Principal): Principal {
  const { expiresAt, permissions, roles = NOTHING, claims = {} } = principal;
  if (expiresAt === undefined) return principal;
  const good = () => Date.now() < expiresAt;
  return {
    ...principal,
    get permissions() {
      return good() ? permissions : NOTHING;
    },
    get roles() {
      return good() ? roles : NOTHING;
    },
    get claims() {
      return good() ? claims : {};
    },
  };
}
