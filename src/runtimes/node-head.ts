/** The head of a reply of Node, in the form that Node, or whoever stands between, takes fastest. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { ReplyHeaders } from "../transports/http/types.js";

/** Nearly all replies have one set of headers: it is kept as Node writes them fastest, names and values in turn. */
const usual: { headers?: ReplyHeaders; flat: readonly string[]; last?: ReplyHeaders } = { flat: [] };

/** Writes the head of a reply whose body has `length` bytes. */
export function writeHead(
  { httpVersionMajor }: IncomingMessage,
  response: ServerResponse,
  status: number,
  headers: ReplyHeaders,
  length: number,
): void {
  // 204 without a body carries no length of something that is not there.
  if (status === 204) response.writeHead(status, headers as Record<string, string>);
  else if (httpVersionMajor === 1 && !isReplaced(response)) {
    response.writeHead(status, listOf(status, headers, String(length)));
  } else response.writeHead(status, objectOf(headers, httpVersionMajor, String(length)));
}

/**
 * Middleware that replaces `writeHead` expects an object: the package on-headers before 1.1, inside of compression,
 * sessions and logs, takes a list for pairs, and sends neither our headers nor a complaint.
 */
function isReplaced(response: ServerResponse): boolean {
  return Object.hasOwn(response, "writeHead");
}

function listOf(status: number, headers: ReplyHeaders, length: string): string[] {
  const flat = status === 200 ? flatOf(headers) : undefined;
  if (flat !== undefined) return [...flat, "content-length", length];
  const list: string[] = [];
  for (const name in headers) list.push(name, headers[name] ?? "");
  list.push("content-length", length);
  return list;
}

/** The flat form of headers that come again and again; undefined for others. */
function flatOf(headers: ReplyHeaders): readonly string[] | undefined {
  if (headers === usual.headers) return usual.flat;
  if (headers === usual.last) Object.assign(usual, { headers, flat: Object.entries(headers).flat() });
  usual.last = headers;
  return undefined;
}

function objectOf(headers: ReplyHeaders, httpVersion: number, length: string): Record<string, string> {
  const { connection, ...others } = headers;
  // HTTP/2 has no such header, and Node warns of it.
  const kept = connection === undefined || httpVersion === 2 ? others : headers;
  return { ...kept, "content-length": length } as Record<string, string>;
}
