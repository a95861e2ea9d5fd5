/**
 * Clients that connect, ask and vanish: half in the middle of a call, half with an open stream. Afterwards heap and
 * handles must be where they were.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { failure } from "../lib/outcome.mjs";
import { startServer } from "../lib/server-process.mjs";
import { openSession } from "../load/call-driver.mjs";
import { HttpConnection } from "../load/http-connection.mjs";
import { call, FIRST_ID, httpRequest } from "../load/messages.mjs";
import { WrongAnswer } from "../load/verify.mjs";

const LANES = 32;
/** What a heap differs by from one collection to the next, all the same. */
const NOISE_BYTES = 1_048_576;
const CALL_MS = 20;
/** The calls that nobody waits for any more have ended by then. */
const DRAIN_MS = 500;

export async function measureAborts(row, peers, options) {
  const results = {};
  for (const peer of peers) {
    const server = await startServer(peer, row.order, { label: row.name });
    const own = peer.name === "bare" || peer.name === "holdfast";
    try {
      results[peer.name] = await vanish(server, {
        first: options.firstAborts,
        cycles: own ? options.aborts : options.peerAborts,
      });
    } catch (error) {
      results[peer.name] = failure(error);
    }
    await server.stop();
    options.tick(row.name, peer.name);
  }
  return { [row.name]: results };
}

async function vanish(server, { first, cycles }) {
  const lanes = await Promise.all(Array.from({ length: LANES }, () => laneOf(server)));
  await cycle(server, lanes, first);
  await sleep(DRAIN_MS);
  const before = await server.usage();
  const start = server.cpuUs();
  await cycle(server, lanes, cycles);
  await sleep(DRAIN_MS);
  const us = (server.cpuUs() - start) / cycles;
  const after = await server.usage();
  const heap = ({ memory }) => memory.heapUsed + memory.external;
  const value = (heap(after) - heap(before)) / cycles;
  const handles = after.handles - before.handles;
  const note = `${cycles} cycles, ${us.toFixed(0)} us CPU each; handles ${before.handles} -> ${after.handles}`;
  const tolerance = NOISE_BYTES / cycles;
  return { value, p25: value, p75: value, tolerance, handles, cycles, note };
}

/** A session to ask on, and the two requests. */
async function laneOf({ port, peer }) {
  const connection = new HttpConnection(port);
  await connection.open();
  const headers = await openSession(connection, port, peer);
  connection.close();
  const { message } = call("wait", { ms: CALL_MS });
  return { post: httpRequest({ port, headers, message }), get: httpRequest({ method: "GET", port, headers }).bytes };
}

async function cycle({ port, peer }, lanes, cycles) {
  let left = cycles;
  let id = FIRST_ID;
  const loop = async ({ post, get }) => {
    for (let turn = 0; left > 0; turn++) {
      left--;
      const connection = new HttpConnection(port);
      await connection.open();
      if (turn % 2 === 0) {
        connection.send(post.patch(id++), () => {});
        await sleep(1);
      } else {
        const { status } = await connection.stream(get, () => {});
        // A server may still believe that the session's last stream is there.
        if (status !== 200 && status !== 409) throw new WrongAnswer(`${peer.name}: GET was answered with ${status}`);
      }
      connection.abort();
    }
  };
  await Promise.all(lanes.map(loop));
}
