import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { modernRequest, open, post } from "../support/raw-http.js";
import { type Mount, mountSuite } from "./suite.js";
import { serveWorker } from "./workerd.js";

mountSuite(
  "workerd",
  () => serveWorker({ source: sourceOf({}), bindings: { MCP_SECRET: "of-the-tests-0123456789" } }),
  {
    // A request whose client has left is dropped together with everything it waits for.
    tellsDisconnects: false,
    worksOn: false,
  },
);

describe("a worker", () => {
  let mount: Mount;
  beforeAll(async () => {
    mount = await serveWorker({ source: sourceOf({ limits: { slowCallMs: 1 } }) });
  });
  afterAll(() => mount.close());

  it("starts without a secret: nothing random, and no timer, while its modules load", async () => {
    const { message, headers } = modernRequest("tools/list");
    expect((await post(`${mount.base}/mcp`, message, { headers })).status).toBe(200);
  });

  it("turns slow calls into streams, although its clock ends with the request that started it", async () => {
    for (const key of ["first", "second"]) {
      const hold = modernRequest("tools/call", { name: "hold", arguments: { key } });
      // The head is there, and the call still runs.
      const stream = await open(`${mount.base}/mcp`, { method: "POST", body: hold.message, headers: hold.headers });
      expect(stream.isEventStream).toBe(true);
      const release = modernRequest("tools/call", { name: "release", arguments: { key } });
      await post(`${mount.base}/mcp`, release.message, { headers: release.headers });
      expect(await stream.closed).toBe("end");
    }
  });
});

/** The fixture on the built package. */
function sourceOf(options: object): string {
  return `
    import * as library from "../../dist/index.js";
    import { createFixture } from "./fixture.ts";
    export default { fetch: createFixture(library, ${JSON.stringify(options)}).fetch };`;
}
