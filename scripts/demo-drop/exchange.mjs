/** One HTTP request on a connection of its own, and the messages of its answer as they come. */
import { request } from "node:http";

/** A connection on which nothing comes for this long is given up. */
const SILENCE_MS = 10_000;

/**
 * Resolves with `{ status, headers, messages }`; `messages` ends when the answer does and throws when the connection
 * breaks. `lastEventId` is that of the latest event that came whole.
 */
export function exchange(url, { method = "POST", headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const accept = method === "GET" ? "text/event-stream" : "application/json, text/event-stream";
    const all = { accept, ...(text !== undefined && { "content-type": "application/json" }), ...headers };
    const sent = request(url, { method, headers: all, agent: false, timeout: SILENCE_MS }, (response) => {
      response.setEncoding("utf8");
      const answer = { status: response.statusCode, headers: response.headers, lastEventId: "" };
      answer.close = () => sent.destroy();
      answer.messages = String(response.headers["content-type"]).startsWith("text/event-stream")
        ? events(response, answer)
        : whole(response);
      resolve(answer);
    });
    sent.on("timeout", () => sent.destroy(new Error("nothing came")));
    sent.on("error", reject);
    sent.end(text);
  });
}

async function* whole(response) {
  let text = "";
  for await (const part of response) text += part;
  if (text !== "") yield { data: JSON.parse(text) };
}

async function* events(response, answer) {
  let text = "";
  for await (const part of response) {
    text += part;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const event = parse(text.slice(0, end));
      text = text.slice(end + 2);
      if (event.id !== undefined) answer.lastEventId = event.id;
      if (event.data === undefined || event.data === "") continue;
      yield event.event === "endpoint" ? { endpoint: event.data } : { data: JSON.parse(event.data) };
    }
  }
}

function parse(block) {
  const event = {};
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) event[line.slice(0, colon)] = line.slice(colon + 1).trimStart();
  }
  return event;
}
