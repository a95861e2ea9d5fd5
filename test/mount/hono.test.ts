import type { Server } from "node:http";
import { serve as listen } from "@hono/node-server";
import { Hono } from "hono";
import * as library from "../../src/index.js";
import { bridge } from "./fetch-bridge.js";
import { createFixture } from "./fixture.js";
import { listen as listenNode, mountOf } from "./serving.js";
import { type Mount, mountSuite } from "./suite.js";

async function serve(app: Hono, prefix?: string): Promise<Mount> {
  const server = await new Promise<Server>((resolve) => {
    const made = listen({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, () => resolve(made as Server));
  });
  return mountOf(server, prefix);
}

function mounted(path: string): Hono {
  const mcp = createFixture(library);
  return new Hono().all(path, (context) => mcp.fetch(context.req.raw));
}

mountSuite("hono on @hono/node-server", () => serve(mounted("/*")));

mountSuite("hono on @hono/node-server, below a path", () => serve(mounted("/x/*"), "/x"));

mountSuite("hono, in process by app.request()", () => {
  const app = mounted("/x/*");
  return listenNode(
    bridge((request) => app.request(request)),
    "/x",
  );
});
