/** Readers that begin a flood and read none of it, one way for each kind of stream. */
import { openSession } from "../../bench/load/call-driver.mjs";
import { HttpConnection } from "../../bench/load/http-connection.mjs";
import { httpRequest, initialize, initialized, LEGACY } from "../../bench/load/messages.mjs";
import { RawClient } from "./raw.mjs";
import { getRequest, toolCall } from "./requests.mjs";

/** Each begins a call of `flood` and stops reading its stream; resolves with the reader. */
export const WAYS = {
  "2025-11-25, resumable": async (port, args) => {
    const posts = new HttpConnection(port);
    await posts.open();
    const headers = await openSession(posts, port, { name: "soak" });
    posts.close();
    return await stalledCall(port, toolCall(port, { tool: "flood", args, headers }));
  },
  "no session": (port, args) => stalledCall(port, toolCall(port, { tool: "flood", args })),
  "2026-07-28": (port, args) => stalledCall(port, toolCall(port, { tool: "flood", args, modern: true })),
  "HTTP+SSE": async (port, args) => {
    const reader = await RawClient.open(port);
    reader.write(getRequest(port, {}, "/sse"));
    const [, path] = await reader.readUntil(/data: (\/\S+)\n/);
    const posts = new HttpConnection(port);
    await posts.open();
    for (const message of [initialize(LEGACY), initialized]) {
      await posts.exchange(httpRequest({ port, path, message }).bytes);
    }
    await posts.exchange(toolCall(port, { tool: "flood", args, path }));
    posts.close();
    return reader;
  },
};

async function stalledCall(port, bytes) {
  const reader = await RawClient.open(port);
  reader.write(bytes);
  await reader.readUntil(/HTTP\/1\.1 200 /);
  return reader;
}
