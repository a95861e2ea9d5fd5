import Fastify, { type FastifyInstance } from "fastify";
import * as library from "../../src/index.js";
import { createFixture, MAX_BODY_BYTES } from "./fixture.js";
import { mountOf } from "./serving.js";
import { type Mount, mountSuite } from "./suite.js";

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
