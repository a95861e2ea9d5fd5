/** [36] A store whose disk is full: what would have to be recorded is refused in words, and nothing of it is run. */
import { expect, it } from "vitest";
import { modernRequest, post } from "../support/raw-http.js";
import { places } from "./helpers/processes.js";

const place = places();
/** A few hundred operations fit. */
const FILE_KIB = 256;
const MAX_CALLS = 5000;

it("refuses writes, serves what needs no store, and goes on when there is room again", async () => {
  const at = place();
  const server = await at.start({ fileKiB: FILE_KIB });
  const call = async (url: string, number: number) => {
    const meta = { "dev.holdfast/idempotencyKey": `key-number-${String(number).padStart(8, "0")}` };
    const { message, headers } = modernRequest("tools/call", { name: "plain", arguments: {}, _meta: meta });
    return (await post(url, message, { headers })).reply;
  };
  let refused: Awaited<ReturnType<typeof call>>;
  let number = 0;
  while (refused === undefined && number < MAX_CALLS) {
    number += 1;
    const reply = await call(server.url, number);
    if (reply?.error !== undefined) refused = reply;
  }
  expect(refused?.error).toMatchObject({ code: 1503, message: expect.stringContaining("nothing was run") });
  // Whatever was answered has happened once, and what was refused has not.
  expect(at.effects).toHaveLength(number - 1);
  expect(new Set(at.effects).size).toBe(number - 1);
  const { message, headers } = modernRequest("tools/list");
  expect((await post(server.url, message, { headers })).reply).toHaveProperty("result");
  await server.kill();
  const roomy = await at.start();
  expect(await call(roomy.url, number)).toHaveProperty("result");
  expect(await call(roomy.url, 1)).toMatchObject({
    result: { _meta: { "dev.holdfast/operation": { replayed: true } } },
  });
  expect(at.effects).toHaveLength(number);
});
