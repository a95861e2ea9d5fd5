import { type JsonObject, own } from "../util/json.js";
import { fetchJson } from "./fetch-json.js";
import { inTime } from "./in-time.js";
import type { ResolvedIntrospection } from "./introspection-options.js";

/** Causes of an error that are named: its own, that of `fetch`, and that of the connection. */
const MAX_REASONS = 3;

type Asking = Pick<ResolvedIntrospection, "authMethod" | "clientId" | "clientSecret" | "fetch" | "timeoutMs">;

/**
 * Asks an introspection endpoint about a token (RFC 7662, section 2.1).
 *
 * @throws Error for everything that is no introspection response; it holds nothing of what was sent.
 */
export async function askEndpoint(url: string, token: string, asking: Asking): Promise<JsonObject> {
  const { fetch, timeoutMs } = asking;
  const request = requestOf(token, asking);
  const ask = (signal: AbortSignal) => fetchJson(url, (input, init) => fetch(input, { ...init, ...request }), signal);
  const answer = await inTime(ask, { what: `The answer of ${url}`, timeoutMs });
  if (typeof own(answer, "active") !== "boolean") throw new Error(`${url} gave no introspection response`);
  return answer;
}

function requestOf(token: string, { authMethod, clientId, clientSecret }: Asking): RequestInit {
  const body = new URLSearchParams({ token, token_type_hint: "access_token" });
  const headers = new Headers({
    accept: "application/json",
    "content-type": "application/x-www-form-urlencoded",
  });
  if (authMethod === "client_secret_post") {
    body.set("client_id", clientId);
    body.set("client_secret", clientSecret);
  } else {
    // RFC 6749, section 2.3.1: both are form-encoded before they become a user name and a password.
    const pair = `${formEncode(clientId)}:${formEncode(clientSecret)}`;
    headers.set("authorization", `Basic ${Buffer.from(pair).toString("base64")}`);
  }
  return { method: "POST", headers, body: body.toString() };
}

function formEncode(text: string): string {
  return new URLSearchParams({ "": text }).toString().slice(1);
}

/** Errors of `fetch` say why in their causes, and logs show messages only. */
export function reasonsOf(error: unknown): string {
  const reasons: string[] = [];
  for (let at = error; at instanceof Error && reasons.length < MAX_REASONS; at = at.cause) reasons.push(at.message);
  return reasons.join(": ");
}
