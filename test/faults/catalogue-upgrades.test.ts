/** What a page could open without being asked: sockets by upgrade, and the event stream that names a session. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { McpServer } from "../../src/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { type Faces, serveFaces } from "./helpers/faces.js";
import { sendLines } from "./helpers/raw-lines.js";

const PATHS = ["/mcp", "/sse", "/messages", "/health", "/"];
const PAGE = "https://app.example";

const create = (allowedOrigins: readonly string[] = []) => {
  return new McpServer({ name: "upgrades", version: "1.0.0" }, { allowedOrigins, logger: silentLogger });
};

let faces: Faces;
let open: Faces;
beforeAll(async () => {
  faces = await serveFaces(create);
  open = await serveFaces(() => create(["*"]));
});
afterAll(() => Promise.all([faces.close(), open.close()]));

const get = (base: string, path: string, lines: readonly string[] = []) => {
  return sendLines(
    base,
    `GET ${path} HTTP/1.1`,
    lines.some((line) => line.startsWith("host:")) ? lines : [`host: ${new URL(base).host}`, ...lines],
  );
};

test.each([
  ["websocket", ["upgrade: websocket", "sec-websocket-version: 13", "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ=="]],
  ["h2c", ["upgrade: h2c", "http2-settings: AAMAAABkAAQAAP__"]],
  ["an unknown protocol", ["upgrade: mcp"]],
])("[S3] an upgrade to %s is judged as any request is, and leads nowhere", async (_to, lines) => {
  const upgrade = [...lines, "connection: upgrade"];
  for (const base of Object.values(faces.bases)) {
    for (const path of PATHS) {
      for (const foreign of ["origin: http://evil.test", "origin: null", "host: evil.test"]) {
        expect([path, foreign, (await get(base, path, [foreign, ...upgrade])).status]).toEqual([path, foreign, 403]);
      }
      const own = await get(base, path, upgrade);
      expect([200, 404, 405]).toContain(own.status);
      expect(own.head).not.toMatch(/^(upgrade|sec-websocket-accept):/m);
    }
  }
});

describe("[S4] the event that names the endpoint", () => {
  test("cannot be read by a page of somebody else", async () => {
    for (const base of Object.values(faces.bases)) {
      for (const origin of [PAGE, "null", "http://localhost:1", "http://evil.test"]) {
        const { status, head, text } = await get(base, "/sse", [`origin: ${origin}`]);
        expect(status).toBe(403);
        expect(head).not.toContain("access-control");
        expect(text).not.toContain("sessionId");
      }
      for (const own of [[], [`origin: http://${new URL(base).host}`]]) {
        const { status, head, text } = await get(base, "/sse", own);
        expect(status).toBe(200);
        expect(text).toContain("sessionId");
        expect(head).not.toContain("access-control");
      }
    }
  });

  test("says which page may read it, never that all may, and never with credentials", async () => {
    for (const base of Object.values(open.bases)) {
      const { head } = await get(base, "/sse", [`origin: ${PAGE}`, "cookie: a=b"]);
      expect(head).toMatch(new RegExp(`^access-control-allow-origin: ${PAGE}\r?$`, "m"));
      expect(head).toMatch(/^vary: origin\r?$/m);
      expect(head).not.toContain("access-control-allow-credentials");
      expect((await get(base, "/sse", ["origin: null"])).head).not.toContain("access-control");
      expect((await get(base, "/sse")).head).not.toContain("access-control");
    }
  });
});
