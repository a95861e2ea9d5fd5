/**
 * Puts a fetch handler behind node:http as a runtime would, so that the suite reaches what runs in process: the body as
 * it comes, the reply as it is written, and the signal when the client has left.
 */
import type { RequestListener } from "node:http";
import { Readable } from "node:stream";

export function bridge(
  handler: (request: Request) => Response | Promise<Response>,
  make: (url: string, init: RequestInit) => Request = (url, init) => new Request(url, init),
): RequestListener {
  return async (incoming, outgoing) => {
    const gone = new AbortController();
    outgoing.on("close", () => gone.abort());
    const { method = "GET", rawHeaders } = incoming;
    const headers = new Headers();
    for (let at = 0; at < rawHeaders.length; at += 2) headers.append(rawHeaders[at] ?? "", rawHeaders[at + 1] ?? "");
    const body =
      method === "GET" || method === "HEAD" ? null : (Readable.toWeb(incoming) as ReadableStream<Uint8Array>);
    const init = { method, headers, body, signal: gone.signal, duplex: "half" };
    const response = await handler(make(`http://${headers.get("host")}${incoming.url}`, init));
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    outgoing.flushHeaders();
    const reader = response.body?.getReader();
    gone.signal.addEventListener("abort", () => reader?.cancel().catch(() => undefined));
    for (;;) {
      const part = await reader?.read();
      if (part === undefined || part.done) break;
      outgoing.write(part.value);
    }
    outgoing.end();
  };
}
