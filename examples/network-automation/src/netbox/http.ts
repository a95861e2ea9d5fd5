import { messageOf, NetworkError } from "../errors.js";

export interface HttpReply {
  readonly status: number;
  readonly location: string | null;
  readonly text: string;
}

export interface HttpRequest {
  readonly url: URL;
  readonly token: string;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly signal: AbortSignal | undefined;
}

/** One GET. Never follows a redirect: it would carry the token to wherever the answer points. */
export async function httpGet(request: HttpRequest): Promise<HttpReply> {
  const timeout = AbortSignal.timeout(request.timeoutMs);
  const signal = request.signal === undefined ? timeout : AbortSignal.any([request.signal, timeout]);
  try {
    const response = await fetch(request.url, { headers: headersFor(request.token), redirect: "manual", signal });
    const text = await readBounded(response, request.maxBytes);
    return { status: response.status, location: response.headers.get("location"), text };
  } catch (error) {
    throw translate(error, request, timeout);
  }
}

/** NetBox 4.5 brought v2 tokens (`nbt_<key>.<secret>`), which go under Bearer; older ones go under Token. */
function headersFor(token: string): Record<string, string> {
  const headers: Record<string, string> = { accept: "application/json", "user-agent": "holdfast-network-automation" };
  if (token !== "") headers.authorization = `${token.startsWith("nbt_") ? "Bearer" : "Token"} ${token}`;
  return headers;
}

async function readBounded(response: Response, maxBytes: number): Promise<string> {
  if (response.body === null) return "";
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop by an exception cancels the body, so an endless answer is not read on.
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > maxBytes) {
      const advice = 'Ask for less: a smaller "limit", params {"brief": "true"} or {"fields": "id,name"}.';
      throw new NetworkError("too_large", `NetBox sent more than ${maxBytes} bytes for one page. ${advice}`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function translate(error: unknown, request: HttpRequest, timeout: AbortSignal): NetworkError {
  if (error instanceof NetworkError) return error;
  if (request.signal?.aborted === true) {
    return new NetworkError("cancelled", "The call was cancelled before NetBox answered.", { cause: error });
  }
  if (timeout.aborted) {
    const advice = 'Narrow the query (filters, "brief", a smaller limit) or try again later.';
    return new NetworkError("timeout", `NetBox did not answer within ${request.timeoutMs} ms. ${advice}`, {
      cause: error,
    });
  }
  const reason = networkReason(error, request.url);
  return new NetworkError("unreachable", `${reason} Retrying with other filters will not help.`, { cause: error });
}

/** `fetch` hides the system error in `cause`. */
function networkReason(error: unknown, url: URL): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const code = typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : "";
  if (code === "ECONNREFUSED")
    return `Nothing is listening at ${url.origin} (connection refused). The operator must check NETBOX_URL.`;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return `The host name in NETBOX_URL (${url.hostname}) does not resolve. The operator must check NETBOX_URL or DNS.`;
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code)) {
    return `The TLS certificate of ${url.origin} is not trusted (${code}). The operator can set NODE_EXTRA_CA_CERTS to the CA file.`;
  }
  return `NetBox at ${url.origin} could not be reached (${code || messageOf(cause)}).`;
}
