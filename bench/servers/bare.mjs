/** The measure of all rows: `node:http`, or a line echo, with JSON.parse and JSON.stringify and nothing else. */
import { CHANGED, canned, frame, reply } from "./bare-reply.mjs";
import { ready, spec } from "./support.mjs";

const STREAM = { "content-type": "text/event-stream", "cache-control": "no-cache" };
const streams = new Set();
const doors = new Map();

if (spec.transport === "stdio") echoLines();
else {
  // Not for stdio: what loading it costs would count for the others in `start`.
  const { createServer } = await import("node:http");
  createServer(serve).listen(spec.port, "127.0.0.1", () => ready({ notify, canned }));
}

function serve(request, response) {
  if (request.method === "GET") return listen(request, response);
  if (request.method === "DELETE") {
    response.writeHead(200, { "content-length": "0" });
    return response.end();
  }
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const bytes = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
    const message = JSON.parse(bytes.toString());
    const door = request.url.startsWith("/messages") ? doors.get(request.url.slice(-36)) : undefined;
    const answer = reply(message);
    if (door !== undefined) through(door, response, answer);
    else if (answer instanceof Promise) answer.then((late) => send(response, late));
    else send(response, answer);
  });
}

function send(response, { status, session, body, events }) {
  if (events !== undefined) {
    response.writeHead(200, STREAM);
    for (const event of events) response.write(event);
    return response.end();
  }
  if (body === undefined) {
    response.writeHead(status, { "content-length": "0" });
    return response.end();
  }
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  response.writeHead(status, session === undefined ? headers : { ...headers, "mcp-session-id": session });
  response.end(body);
}

function listen(request, response) {
  response.writeHead(200, STREAM);
  response.flushHeaders();
  if (request.url === "/sse") {
    const id = crypto.randomUUID();
    doors.set(id, response);
    response.on("close", () => doors.delete(id));
    response.write(`event: endpoint\ndata: /messages?sessionId=${id}\n\n`);
  } else {
    streams.add(response);
    response.on("close", () => streams.delete(response));
  }
}

function through(door, response, { body }) {
  response.writeHead(202, { "content-length": "0" });
  response.end();
  if (body !== undefined) door.write(frame(body));
}

function notify() {
  for (const response of streams) response.write(CHANGED);
}

function echoLines() {
  let rest = "";
  process.stdin.setEncoding("utf8");
  process.stdin.on("data", (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      const { body } = reply(JSON.parse(line));
      if (body !== undefined) process.stdout.write(`${body}\n`);
    }
  });
  process.stdin.on("end", () => process.exit(0));
  ready();
}
