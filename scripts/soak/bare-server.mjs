/** The measure of idle streams: `node:http` that answers, opens streams and keeps them alive, and nothing else. */
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { frame, reply } from "../../bench/servers/bare-reply.mjs";
import { serveRunner, spec, tell } from "./child.mjs";

const STREAM = { "content-type": "text/event-stream", "cache-control": "no-cache" };
const KEEP_ALIVE = ": keep-alive\n\n";
const ACKNOWLEDGED = frame('{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{}}');
const streams = new Set();
const doors = new Map();

setInterval(() => {
  for (const response of streams) response.write(KEEP_ALIVE);
}, spec.limits.keepAliveMs).unref();

const server = createServer((request, response) => {
  if (request.method === "GET") return listen(request, response);
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => answer(request, response, JSON.parse(Buffer.concat(chunks).toString())));
});
server.listen(0, "127.0.0.1", () => {
  serveRunner();
  tell("ready", server.address().port);
});

function open(response) {
  response.writeHead(200, STREAM);
  response.flushHeaders();
  streams.add(response);
  response.on("close", () => streams.delete(response));
}

function listen(request, response) {
  open(response);
  if (request.url !== "/sse") return;
  const id = randomUUID();
  doors.set(id, response);
  response.on("close", () => doors.delete(id));
  response.write(frame(`/messages?sessionId=${id}`).replace("message", "endpoint"));
}

function answer(request, response, message) {
  if (message.method === "subscriptions/listen") {
    open(response);
    return response.write(ACKNOWLEDGED);
  }
  const { status, session, body = "" } = reply(message);
  const door = doors.get(request.url.split("=")[1]);
  if (door !== undefined) {
    response.writeHead(202, { "content-length": "0" }).end();
    if (body !== "") door.write(frame(body));
    return;
  }
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  response.writeHead(status, session === undefined ? headers : { ...headers, "mcp-session-id": session }).end(body);
}
