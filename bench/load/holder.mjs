/**
 * A process that holds many idle streams open and counts what arrives on them: apart from the load generator, because
 * one process may not have enough file descriptors for the streams of two servers.
 */
import { openSession } from "./call-driver.mjs";
import { HttpConnection } from "./http-connection.mjs";
import { httpRequest } from "./messages.mjs";

const { port, peer } = JSON.parse(process.argv[2]);
const LANES = peer.slowSessions ? 1000 : 64;
const CHANGED = '"notifications/tools/list_changed"';
const held = [];
let failure;
let waiting;
let missing = 0;

process.on("disconnect", () => process.exit(0));
process.on("message", ({ cmd, streams }) => {
  const work = cmd === "open" ? open(streams) : arrived();
  work.then(
    () => process.send({ ok: true, streams: held.length }),
    (error) => process.send({ error: error.message }),
  );
});
process.send({ ready: true });

async function open(streams) {
  let left = streams;
  const lane = async () => {
    const posts = new HttpConnection(port);
    while (left > 0) {
      left--;
      await posts.open();
      const headers = await openSession(posts, port, peer);
      const stream = new HttpConnection(port);
      await stream.open();
      const record = { stream, text: "", seen: 0 };
      const request = httpRequest({ method: "GET", port, headers }).bytes;
      const { status } = await stream.stream(request, (text) => take(record, text));
      if (status !== 200) throw new Error(`GET was answered with ${status}`);
      held.push(record);
    }
    posts.close();
  };
  await Promise.all(Array.from({ length: Math.min(LANES, streams) }, lane));
}

function take(record, text) {
  if (text === undefined) {
    failure = "a held stream ended";
    waiting?.();
    return;
  }
  record.text += text;
  const end = record.text.lastIndexOf("\n\n");
  if (end < 0) return;
  const events = record.text.slice(0, end).split("\n\n");
  record.text = record.text.slice(end + 2);
  for (const event of events) {
    if (!event.includes(CHANGED)) continue;
    if (record.seen++ === 0 && --missing === 0) waiting?.();
  }
}

/** Resolves when every stream got its notification, and it was one. Asked before the notification is sent. */
async function arrived() {
  missing = held.length;
  for (const record of held) record.seen = 0;
  process.send({ armed: true });
  await new Promise((resolve) => {
    waiting = resolve;
  });
  if (failure !== undefined) throw new Error(failure);
  await new Promise((resolve) => setTimeout(resolve, 20));
  const twice = held.filter((record) => record.seen !== 1).length;
  if (twice > 0) throw new Error(`${twice} streams got the notification more than once`);
}
