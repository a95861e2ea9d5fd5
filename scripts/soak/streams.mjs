/** Streams that are opened and then only listened to, one kind for each way there is. */
import { openSession } from "../../bench/load/call-driver.mjs";
import { HttpConnection } from "../../bench/load/http-connection.mjs";
import { httpRequest, initialize, initialized, LEGACY } from "../../bench/load/messages.mjs";
import { inLanes } from "./lanes.mjs";
import { getRequest, listenRequest } from "./requests.mjs";

const LANES = 64;
const COMMENT = ": keep-alive";
/** Long enough for a server that opens ten thousand streams on a busy machine. */
const SAY_MS = 60_000;
/** How often it is looked whether something has arrived. */
const POLL_MS = 50;

/** What a client of each kind sends until its stream is open; `posts` is a connection for what is posted beside it. */
export const KINDS = {
  "2025-11-25 GET": async ({ port, posts, stream }) => {
    const headers = await openSession(posts, port, { name: "soak" });
    await stream.open(getRequest(port, headers));
  },
  "HTTP+SSE": async ({ port, posts, stream }) => {
    await stream.open(getRequest(port, {}, "/sse"));
    const path = await stream.says(/^data: (\/\S+)$/m);
    for (const message of [initialize(LEGACY), initialized]) {
      const { status } = await posts.exchange(httpRequest({ port, path, message }).bytes);
      if (status !== 202) throw new Error(`POST ${path} was answered with ${status}`);
    }
    await stream.says(/("serverInfo")/);
  },
  "2026-07-28 listen": async ({ port, stream }) => {
    await stream.open(listenRequest(port));
    await stream.says(/(subscriptions\/acknowledged)/);
  },
};

/** One open stream, and when it was heard of. */
class HeldStream {
  comments = 0;
  /** The longest time between two keep-alive comments. */
  longestSilenceMs = 0;
  ended = false;
  #connection;
  #heardAt = 0;
  #text = "";
  #look;

  constructor(port) {
    this.#connection = new HttpConnection(port);
  }

  async open(bytes) {
    await this.#connection.open();
    const { status } = await this.#connection.stream(bytes, (text) => this.#take(text));
    if (status !== 200) throw new Error(`a stream was answered with ${status}`);
  }

  /** Resolves with the first group of the pattern, once it has been said. */
  says(pattern) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`a stream never said ${pattern}`)), SAY_MS);
      this.#look = () => {
        const match = pattern.exec(this.#text);
        if (match === null) return;
        clearTimeout(timer);
        this.#look = undefined;
        resolve(match[1]);
      };
      this.#look();
    });
  }

  /** All is said: from now on only keep-alives are listened for. */
  hold() {
    this.#text = undefined;
  }

  /** Half of all clients say goodbye, half are simply gone. */
  leave(abruptly) {
    if (abruptly) this.#connection.abort();
    else this.#connection.close();
  }

  #take(text) {
    if (text === undefined || text instanceof Error) {
      this.ended = true;
      return;
    }
    if (text.includes(COMMENT)) this.#heard();
    // A keep-alive may come at any time, before the stream has said what its client waits for too.
    if (this.#text === undefined) return;
    this.#text += text;
    this.#look?.();
  }

  #heard() {
    const now = performance.now();
    if (this.comments > 0) this.longestSilenceMs = Math.max(this.longestSilenceMs, now - this.#heardAt);
    this.comments += 1;
    this.#heardAt = now;
  }
}

/** Opens `count` streams of a kind. */
export async function openStreams(port, kind, count) {
  const held = [];
  const posts = Array.from({ length: LANES }, () => new HttpConnection(port));
  await inLanes(count, LANES, async (_, lane) => {
    const stream = new HeldStream(port);
    await posts[lane].open();
    await KINDS[kind]({ port, posts: posts[lane], stream });
    stream.hold();
    held.push(stream);
  });
  for (const connection of posts) connection.close();
  return held;
}

export function leaveStreams(held) {
  for (const [index, stream] of held.entries()) stream.leave(index % 2 === 0);
}

/** Waits until every stream has had so many keep-alives more; false when some have not in `ms`. */
export function heardOnAll(held, more, ms) {
  const wanted = held.map((stream) => stream.comments + more);
  const until = performance.now() + ms;
  return new Promise((resolve) => {
    const poll = setInterval(() => {
      const all = held.every((stream, index) => stream.comments >= wanted[index]);
      if (!all && performance.now() < until) return;
      clearInterval(poll);
      resolve(all);
    }, POLL_MS);
  });
}
