import { AuthenticationError } from "../errors.js";
import type { AuthRequest } from "./authenticator.js";

/** `b64token` of RFC 6750, section 2.1; nothing else can be a token, and nothing else reaches a parser. */
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;
const SCHEME = /^bearer +/i;

/**
 * The token of `Authorization: Bearer …` (RFC 6750, section 2.1); undefined without that header or with another scheme.
 *
 * @throws AuthenticationError for a bearer token that cannot be one; two of them in one request are none either.
 */
export function bearerToken(request: AuthRequest): string | undefined {
  const header = request.header("authorization");
  if (header === undefined) return undefined;
  const scheme = SCHEME.exec(header);
  if (scheme === null) return undefined;
  const token = header.slice(scheme[0].length);
  if (!TOKEN.test(token)) throw new AuthenticationError("The Authorization header holds no bearer token.");
  return token;
}
