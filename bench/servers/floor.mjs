/** What Node costs at the very least: `node:net` and just enough HTTP/1.1 for one well-behaved client. */
import { createServer } from "node:net";
import { canned, reply } from "./bare-reply.mjs";
import { ready, spec } from "./support.mjs";

createServer({ noDelay: true }, serve).listen(spec.port, "127.0.0.1", () => ready({ canned }));

function serve(socket) {
  let rest;
  socket.on("error", () => {});
  socket.on("data", (chunk) => {
    let bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
    for (;;) {
      const end = bytes.indexOf("\r\n\r\n");
      if (end < 0) break;
      const head = bytes.latin1Slice(0, end);
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      if (bytes.length < end + 4 + length) break;
      const body = bytes.utf8Slice(end + 4, end + 4 + length);
      bytes = bytes.subarray(end + 4 + length);
      if (head.startsWith("POST")) send(socket, reply(JSON.parse(body)));
      else socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    }
    rest = bytes.length === 0 ? undefined : Buffer.from(bytes);
  });
}

function send(socket, { status, session, body = "", events }) {
  if (events !== undefined) return stream(socket, events);
  const extra = session === undefined ? "" : `mcp-session-id: ${session}\r\n`;
  const head = `HTTP/1.1 ${status} OK\r\ncontent-type: application/json\r\n${extra}`;
  socket.write(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

function stream(socket, events) {
  socket.cork();
  socket.write("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n");
  for (const event of events) socket.write(`${Buffer.byteLength(event).toString(16)}\r\n${event}\r\n`);
  socket.write("0\r\n\r\n");
  socket.uncork();
}
