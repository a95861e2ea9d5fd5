/** What an authenticator gets to see of a request, and what comes of it: a principal, nothing, or an error. */
import type { Authenticator, AuthRequest } from "../../../src/auth/authenticator.js";
import type { Principal } from "../../../src/auth/principal.js";

/** Names of headers in lower case, as the server hands them over. */
export function authRequest(headers: Readonly<Record<string, string>> = {}): AuthRequest {
  const known = new Map(Object.entries(headers));
  return { method: "POST", path: "/mcp", remoteAddress: "127.0.0.1", header: (name) => known.get(name) };
}

export const bearer = (token: string): AuthRequest => authRequest({ authorization: `Bearer ${token}` });

/** The error by which a request is refused; fails when it is not. */
export async function refusal(auth: Authenticator, request: AuthRequest): Promise<Error & { code?: string }> {
  let answer: Principal | undefined;
  try {
    answer = await auth.authenticate(request);
  } catch (error) {
    return error as Error;
  }
  throw new Error(`it was not refused: ${JSON.stringify(answer)}`);
}

export const errorOf = (work: () => unknown): Error & { code?: string } => {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
};
