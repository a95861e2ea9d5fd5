/**
 * [55] A real nginx in front, as it comes and as operators set it up: what a tool says reaches the client while the tool
 * still runs. The order shows it, no clock: the tool is let go only when the client has heard it.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { FETCH_TIMEOUT_MS } from "../support/debian.js";
import { type Behind, type BehindOptions, behindNginx } from "./behind.js";
import { LANES, type Lane } from "./lanes.js";
import { gzipped, http1, http2, type OpenWire, type Wire } from "./wire.js";
import { hearWordByWord } from "./word-by-word.js";

interface Setup extends BehindOptions {
  readonly name: string;
  readonly wire: OpenWire;
  /** What the answers must show, so that the set-up is what it says. */
  readonly encoding?: string;
}

const GZIP = "gzip on; gzip_types *; gzip_proxied any; gzip_min_length 1; gzip_http_version 1.0;";

const SETUPS: readonly Setup[] = [
  { name: "as it comes: HTTP/1.0 to the server, buffering on", wire: http1 },
  {
    name: "HTTP/1.1 to the server on connections that are kept, buffering on",
    location: 'proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering on;',
    wire: http1,
  },
  {
    name: "everything compressed",
    location: `proxy_http_version 1.1; ${GZIP}`,
    wire: gzipped,
    encoding: "gzip",
  },
  { name: "HTTP/2 to the client", listen: "http2", wire: http2 },
];

describe.each(SETUPS)("[55] $name", ({ wire: openWire, encoding, ...options }) => {
  let behind: Behind;
  let wire: Wire;
  let calls = 0;
  let name = "";
  beforeAll(async () => {
    behind = await behindNginx(options);
    wire = openWire(behind.base);
  }, FETCH_TIMEOUT_MS);
  afterAll(async () => {
    wire?.close();
    await behind?.close();
  });
  beforeEach(() => {
    calls += 1;
    name = `call ${calls}`;
  });

  test.each(LANES)("$name: each word of a call arrives before the next is said", async ({ open }) => {
    const client = await open(wire, behind.base);
    const { headers } = await hearWordByWord(client, behind.stories, name);
    expect(headers["content-type"]).toBe("text/event-stream");
    expect(headers["content-encoding"]).toBe(encoding);
    // nginx takes the header for itself: it has read what is asked of it.
    expect(headers["x-accel-buffering"]).toBeUndefined();
  });

  test.each(LANES)("$name: a stream opens before anything is said, and a call told in one go arrives", async (lane) => {
    const client = await lane.open(wire, behind.base);
    // Resolves with its head alone.
    await client.listen();
    const story = behind.stories.get(name);
    const { messages } = await client.call(
      behind.stories.params(name),
      () => void story.begun.then(() => story.finish()),
    );
    expect((await messages.expect(({ id }) => id === 1)).result).toMatchObject({ content: [{ type: "text" }] });
  });

  test("[14] 2026-07-28: a client that goes away ends its call, through the proxy too", async () => {
    const client = await lane("2026-07-28").open(wire, behind.base);
    const story = behind.stories.get(name);
    const arriving = await client.call(behind.stories.params(name), () => {
      void story.begun.then(() => story.tell(1));
    });
    const { signal } = await story.begun;
    const aborted = new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    arriving.close();
    await aborted;
    await story.finish();
  });

  test("[59] GET without a session is refused at once", async () => {
    const headers = { accept: "text/event-stream" };
    const { status, body } = await wire.send({ method: "GET", url: `${behind.base}/mcp`, headers });
    expect(status).toBe(405);
    await body.resume().toArray();
  });
});

function lane(name: string): Lane {
  const found = LANES.find((one) => one.name === name);
  if (found === undefined) throw new TypeError(`no lane ${name}`);
  return found;
}
