/** What a POST must be before anything looks at its message; what is not that is answered here. */
import { decodeText, decodeValue, PARSE_ERROR } from "../../protocol/jsonrpc.js";
import type { App } from "../../server/app.js";
import type { JsonBounds } from "../../util/json-scan.js";
import { acceptedForms, isJson } from "./negotiation.js";
import { refuse, refuseBusy, refuseMessage } from "./respond.js";
import type { Body, HttpExchange, ReplyHeaders } from "./types.js";

/** What is left of a body that was refused is in the way of the next request. */
const UNREAD: ReplyHeaders = { connection: "close" };

/** Does its head say that it brings JSON, and takes an answer in a form there is? If not, it is refused. */
export function acceptsMessage(http: HttpExchange): boolean {
  const why = reasonAgainst(http);
  if (why !== undefined) refuse(http, ...why);
  return why === undefined;
}

function reasonAgainst(http: HttpExchange): readonly [status: number, text: string] | undefined {
  if (!isJson(http)) return [415, "The body must be application/json."];
  const { json, sse } = acceptedForms(http);
  if (!json && !sse) return [406, "Accept must allow application/json or text/event-stream."];
  const encoding = http.header("content-encoding");
  const plain = encoding === undefined || encoding.toLowerCase() === "identity";
  return plain ? undefined : [415, "Compressed bodies are not accepted."];
}

/** The JSON of a body within its bounds; undefined when there is none, and the request is refused. */
export function messageOf(app: App, bounds: JsonBounds, http: HttpExchange, body: Body): unknown {
  if (!body.ok) {
    if (body.reason === "too-large") {
      app.instruments?.limit("maxBodyBytes");
      refuse(http, 413, `The body is larger than ${app.limits.maxBodyBytes} bytes.`, UNREAD);
    } else if (body.reason === "busy") {
      app.instruments?.limit("maxBodyBytesTotal");
      refuseBusy(http, "Too much is being sent to this server at once", UNREAD);
    } else if (body.reason === "aborted") {
      // Mostly nobody is there to read it. But who waits for a reply, as callers of `fetch` do, must not wait for ever.
      refuse(http, 400, "The body ended before it was complete.", UNREAD);
    } else if (body.reason === "not-utf8") refuseMessage(http, 400, PARSE_ERROR);
    return undefined;
  }
  const decoded = body.text === undefined ? decodeValue(body.value, bounds) : decodeText(body.text, bounds);
  if (decoded.ok) return decoded.value;
  refuseMessage(http, 400, decoded.error);
  return undefined;
}
