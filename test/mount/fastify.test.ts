import Fastify, { type FastifyInstance } from "fastify";
import { expect, it } from "vitest";
import * as library from "../../src/index.js";
import { modernRequest, open, post } from "../support/raw-http.js";
import { createFixture, MAX_BODY_BYTES } from "./fixture.js";
import { mountOf } from "./serving.js";
import { slowServer } from "./slow-server.js";
import { type Mount, mountSuite } from "./suite.js";

it("[89] app.close() lets calls end when mcp.shutdown() is its first step", async () => {
  const { mcp, begun, finish } = slowServer(library);
  const app = Fastify({ forceCloseConnections: true });
  app.addHook("preClose", () => mcp.shutdown());
  app.all("/:endpoint", (request, reply) => {
    reply.hijack();
    mcp.node(Object.assign(request.raw, { body: request.body }), reply.raw);
  });
  const base = await app.listen({ host: "127.0.0.1", port: 0 });
  const { message, headers } = modernRequest("tools/call", { name: "slow", arguments: {} });
  const call = post(`${base}/mcp`, message, { headers });
  const stream = await open(`${base}/sse`);
  await begun;
  const closed = app.close();
  finish("done");
  expect((await call).reply).toMatchObject({ result: { content: [{ text: "done" }] } });
  await closed;
  expect(await stream.closed).toBe("end");
});

async function serve(app: FastifyInstance, prefix?: string): Promise<Mount> {
  await app.listen({ host: "127.0.0.1", port: 0 });
  const mount = mountOf(app.server, prefix);
  return {
    base: mount.base,
    close: async () => {
      app.server.closeAllConnections();
      await app.close();
    },
  };
}

mountSuite(
  "fastify, the body parsed by fastify",
  () => {
    const mcp = createFixture(library);
    const app = Fastify({ bodyLimit: MAX_BODY_BYTES });
    for (const path of ["/x/mcp", "/x/sse", "/x/messages", "/x/health", "/x/ready"]) {
      app.all(path, (request, reply) => {
        reply.hijack();
        mcp.node(Object.assign(request.raw, { body: request.body }), reply.raw);
      });
    }
    return serve(app, "/x");
  },
  { ownParseErrors: false },
);

mountSuite("fastify, a plugin whose bodies nobody parses", () => {
  const mcp = createFixture(library);
  const app = Fastify();
  app.register(
    async (scope) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser("*", (_request, _body, done) => done(null));
      scope.all("/*", (request, reply) => {
        reply.hijack();
        mcp.node(request.raw, reply.raw);
      });
    },
    { prefix: "/x" },
  );
  return serve(app, "/x");
});
