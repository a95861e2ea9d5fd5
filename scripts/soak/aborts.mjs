/** [53, S15] Clients that connect, begin something and vanish with a reset: nothing of them may be left. */
import { setTimeout as sleep } from "node:timers/promises";
import { openSession } from "../../bench/load/call-driver.mjs";
import { HttpConnection } from "../../bench/load/http-connection.mjs";
import { httpRequest, initialize, LEGACY } from "../../bench/load/messages.mjs";
import { inLanes } from "./lanes.mjs";
import { startServer } from "./process.mjs";
import { MIB } from "./report.mjs";
import { getRequest, listenRequest, toolCall } from "./requests.mjs";

const CYCLES = 100_000;
/** Before anything is measured, to fill the free lists of Node, */
const FIRST_CYCLES = 1000;
/** and the cache of session ids (2048), as far as a run of this length would fill it. */
const FIRST_SESSIONS = 2200;
const LANES = 64;
/** A lane takes a new session after so many cycles, so that its session too is one that was left. */
const SESSION_CYCLES = 100;
/** So that what a client may come back for is forgotten within the run. */
const limits = { resumeWindowMs: 1000, sessionIdleMs: 1000 };
/** What a heap differs by from one collection to the next, all the same. */
const HEAP_NOISE_MIB = 1;
/** Above what the allocator keeps of a peak for later. */
const RSS_MIB = 64;

/** Where a client is when it vanishes, each after what it has certainly seen. */
const MOMENTS = {
  "after connecting": () => {},
  "in the headers": ({ connection, initialize }) => connection.send(initialize.subarray(0, 60), ignore),
  "in the body": ({ connection, initialize }) => connection.send(initialize.subarray(0, initialize.length - 9), ignore),
  "after initialize": ({ connection, initialize }) => connection.exchange(initialize),
  "in a call with a JSON answer": ({ connection, wait }) => {
    connection.send(wait, ignore);
    return sleep(1);
  },
  "in the stream of a resumable call": ({ connection, talk }) => heard(connection, talk),
  "in the stream of a call of 2026-07-28": ({ connection, modern }) => heard(connection, modern),
  "in a standing stream": ({ connection, get }) => connection.stream(get, ignore),
  "in an HTTP+SSE stream": ({ connection, sse }) => heard(connection, sse),
  "in a listen stream": ({ connection, listen }) => heard(connection, listen),
};

const ignore = () => {};

export async function aborts(report, scale) {
  const count = Math.round(CYCLES * scale);
  const row = `${count} connections aborted`;
  const server = await startServer("http-server.mjs", { limits });
  try {
    await inLanes(Math.round(FIRST_SESSIONS * scale), LANES, () => requestsOf(server.port));
    await vanish(server, FIRST_CYCLES);
    const before = await server.settled();
    report.say(`${row} ...`);
    const cpu = await server.cpuUs();
    await vanish(server, count / 2);
    const half = await server.settled();
    await vanish(server, count / 2);
    report.note(row, "CPU of each", ((await server.cpuUs()) - cpu) / count, " us");
    const after = await server.settled();
    report.nothingLeft(row, server, after);
    // Code that gets compiled meanwhile shows in the first half, what is left of a connection in any.
    report.atMost(row, "heap above before, second half", (after.heap - half.heap) / MIB, HEAP_NOISE_MIB, " MiB");
    report.note(row, "heap above before, first half", (half.heap - before.heap) / MIB, " MiB");
    report.atMost(row, "RSS above before", (after.rss - before.rss) / MIB, RSS_MIB, " MiB");
    report.equal(row, "warnings of Node", after.warnings.join("; "), "");
    report.equal(row, "a session afterwards", await stillServes(server.port), "served");
  } finally {
    await server.stop();
  }
}

async function vanish({ port }, count) {
  const moments = Object.entries(MOMENTS);
  const lanes = Array.from({ length: LANES }, () => ({ cycles: 0, requests: undefined }));
  await inLanes(count, LANES, async (index, number) => {
    const lane = lanes[number];
    if (lane.cycles % SESSION_CYCLES === 0) lane.requests = await requestsOf(port);
    lane.cycles += 1;
    const connection = new HttpConnection(port);
    await connection.open();
    const [moment, reach] = moments[index % moments.length];
    const answer = await reach({ connection, ...lane.requests });
    // A session may believe that as many streams as it may have are still there.
    if (answer?.status !== undefined && ![200, 409].includes(answer.status)) {
      throw new Error(`${moment}: the answer has status ${answer.status}`);
    }
    connection.abort();
  });
}

async function requestsOf(port) {
  const connection = new HttpConnection(port);
  await connection.open();
  const headers = await openSession(connection, port, { name: "soak" });
  connection.close();
  return {
    initialize: Buffer.from(httpRequest({ port, message: initialize(LEGACY) }).bytes),
    wait: toolCall(port, { tool: "wait", headers }),
    talk: toolCall(port, { tool: "talk", headers }),
    modern: toolCall(port, { tool: "talk", modern: true }),
    get: getRequest(port, headers),
    sse: getRequest(port, {}, "/sse"),
    listen: listenRequest(port),
  };
}

/** Resolves with the head of a stream once its first event has come. */
async function heard(connection, bytes) {
  let say;
  const said = new Promise((resolve) => {
    say = resolve;
  });
  const head = await connection.stream(bytes, (text) => {
    if (text === undefined || text.includes("data: ")) say();
  });
  if (head.status === 200) await said;
  return head;
}

async function stillServes(port) {
  const connection = new HttpConnection(port);
  await connection.open();
  const headers = await openSession(connection, port, { name: "soak" });
  const { status, text } = await connection.exchange(
    toolCall(port, { tool: "echo", args: { text: "alive" }, headers }),
  );
  connection.close();
  return status === 200 && text.includes('"text":"alive"') ? "served" : `${status} ${text}`;
}
