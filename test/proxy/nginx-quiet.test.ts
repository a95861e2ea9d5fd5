/**
 * [55] A proxy that cuts what is silent (load balancers do it after 60 s): calls and streams that say nothing for longer
 * live. Compressed: the proxy's patience is two seconds, and the server speaks after half of one.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../faults/helpers/until.js";
import { FETCH_TIMEOUT_MS } from "../support/debian.js";
import { type Behind, behindNginx } from "./behind.js";
import { type Arriving, LANES } from "./lanes.js";
import { http1 } from "./wire.js";

const LOCATION = "proxy_http_version 1.1; proxy_read_timeout 2s; proxy_send_timeout 2s;";
/** Between two comments at least half a second passes, so these take longer than the proxy's patience. */
const COMMENTS = 5;

/** Opens what each lane has that can be silent: calls that are held, and standing streams. */
async function openAll(behind: Behind): Promise<readonly { readonly name: string; readonly arriving: Arriving }[]> {
  const opened = await Promise.all(
    LANES.map(async (lane) => {
      const client = await lane.open(http1(behind.base), behind.base);
      const standing = await client.listen();
      const call = await client.call(behind.stories.params(lane.name), () => {});
      return [
        { name: `${lane.name}, the call`, arriving: call },
        ...(standing === undefined ? [] : [{ name: `${lane.name}, the standing stream`, arriving: standing }]),
      ];
    }),
  );
  return opened.flat();
}

describe.concurrent("[55] silence for longer than the proxy waits", () => {
  let behind: Behind;
  let talker: Behind;
  beforeAll(async () => {
    talker = await behindNginx({ location: LOCATION, limits: { keepAliveMs: 500, slowCallMs: 500 } });
    behind = await behindNginx({ location: LOCATION, limits: { keepAliveMs: 60_000, slowCallMs: 500 } });
  }, FETCH_TIMEOUT_MS);
  afterAll(async () => {
    await behind?.close();
    await talker?.close();
  });

  test("is cut by it, when the server sends nothing for so long: what the next test is about is real", async () => {
    for (const { name, arriving } of await openAll(behind)) {
      expect({ name, end: await arriving.ended }).toEqual({ name, end: "broken" });
    }
  });

  test("lives by keep-alive comments, and the answer arrives", async () => {
    const opened = await openAll(talker);
    for (const { name, arriving } of opened) {
      await until(`${COMMENTS} comments on ${name}`, () => arriving.parser.comments.length >= COMMENTS);
    }
    for (const lane of LANES) await talker.stories.get(lane.name).finish();
    for (const { name, arriving } of opened) {
      if (!name.endsWith("the call")) continue;
      const { result } = await arriving.messages.expect(({ id }) => id === 1);
      expect(result).toMatchObject({ content: [{ type: "text" }] });
    }
  });
});
