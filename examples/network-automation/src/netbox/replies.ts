import { NetworkError } from "../errors.js";
import type { Endpoint } from "./endpoint.js";
import type { HttpReply } from "./http.js";

/** NetBox's own words are quoted, but a page of HTML or a stack trace is not worth a model's context. */
const MAX_QUOTE = 600;

export function parseBody(reply: HttpReply, origin: string): unknown {
  try {
    return JSON.parse(reply.text);
  } catch (cause) {
    const hint = "It is probably a login page or a proxy: the operator must check NETBOX_URL.";
    throw new NetworkError("upstream", `${origin} answered with something that is not JSON. ${hint}`, { cause });
  }
}

/**
 * The error for any status but 200. `known` lists the endpoints NetBox says it has under the same root,
 * asked only for a 404, so that the model can pick the right one at once.
 */
export function replyError(reply: HttpReply, endpoint: Endpoint, known: readonly string[]): NetworkError {
  const said = netboxMessage(reply.text);
  if (reply.status === 400) {
    return new NetworkError(
      "invalid",
      `NetBox rejected the filters for ${endpoint.path}: ${said || "no reason given"}. Correct "params".`,
    );
  }
  if (reply.status === 401 || reply.status === 403) return forbidden(endpoint, said);
  if (reply.status === 404) return notFound(endpoint, known);
  if (reply.status === 429)
    return new NetworkError("upstream", "NetBox is limiting requests (429). Wait a minute before the next call.");
  if (reply.status >= 300 && reply.status < 400) {
    const to = reply.location === null ? "elsewhere" : `to ${reply.location}`;
    return new NetworkError(
      "upstream",
      `NetBox redirects ${to}. Redirects are not followed with a token: the operator must correct NETBOX_URL.`,
    );
  }
  const detail = said === "" ? "" : `: ${said}`;
  return new NetworkError(
    "upstream",
    `NetBox failed with HTTP ${reply.status}${detail}. Try again later or with a simpler query.`,
  );
}

function forbidden(endpoint: Endpoint, said: string): NetworkError {
  if (/permission/i.test(said)) {
    const subject = `${endpoint.app}/${endpoint.model ?? ""}`;
    return new NetworkError(
      "forbidden",
      `The NetBox token lacks permission to view ${subject}. Ask the operator to grant it, or query something else.`,
    );
  }
  const quoted = said === "" ? "" : ` ("${said}")`;
  return new NetworkError(
    "forbidden",
    `NetBox did not accept the token${quoted}. The operator must check NETBOX_TOKEN; other queries will fail the same way.`,
  );
}

function notFound(endpoint: Endpoint, known: readonly string[]): NetworkError {
  const listing = known.length === 0 ? "" : ` Endpoints under ${endpoint.app}/: ${known.join(", ")}.`;
  const exists = endpoint.model !== undefined && known.includes(endpoint.model);
  if (endpoint.id !== undefined && exists) {
    const list = `${endpoint.app}/${endpoint.model}`;
    return new NetworkError(
      "not_found",
      `There is no object with id ${endpoint.id} in ${list}. Search "${list}" with filters instead.`,
    );
  }
  return new NetworkError("not_found", `NetBox has no endpoint "${endpoint.path}".${listing}`);
}

/** NetBox says `{"detail": "…"}`, `{"field": ["…"]}`, or `{"error": "…", "exception": "…"}` on a crash. */
export function netboxMessage(text: string): string {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return "";
  }
  if (typeof body !== "object" || body === null) return "";
  const parts = Object.entries(body)
    .filter(([name]) => name !== "netbox_version" && name !== "python_version")
    .map(([name, value]) =>
      name === "detail" ? String(value) : `${name}: ${Array.isArray(value) ? value.join(" ") : String(value)}`,
    );
  return parts.join("; ").replace(/\.$/, "").slice(0, MAX_QUOTE);
}
