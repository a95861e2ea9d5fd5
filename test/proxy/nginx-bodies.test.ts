/** [55, 61] Request bodies through a proxy: in chunks or with a length, below and above its bound and the server's own. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { custom, McpServer } from "../../src/index.js";
import { postBytes, readAnswer } from "../e2e/fixtures/raw-request.js";
import { FETCH_TIMEOUT_MS } from "../support/debian.js";
import { RawSocket } from "../support/raw-http.js";
import { type Behind, behindNginx } from "./behind.js";

/** Of the server. */
const MAX_BODY_BYTES = 64 * 1024;
/** Of the proxy: above the server's, so that each of them has bodies to refuse. */
const PROXY_BYTES = 32 * 1024 * 1024;
/** More than the kernel takes for a reader that has gone: a server that closes at once loses its own answer. */
const FAR_ABOVE = 24 * 1024 * 1024;

const SETUPS = [
  { name: "bodies gathered first (as it comes)", location: "" },
  { name: "bodies passed on as they come", location: "proxy_http_version 1.1; proxy_request_buffering off;" },
  {
    name: "bodies passed on as they come, on connections that are kept",
    location: 'proxy_http_version 1.1; proxy_request_buffering off; proxy_set_header Connection "";',
  },
];

/** An `echo` of so many bytes in all. */
function ofSize(bytes: number): string {
  const message = (text: string) =>
    JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "echo", arguments: { text } } });
  return message("x".repeat(bytes - message("").length));
}

function chunked(body: string, size: number): string {
  const parts = body.match(new RegExp(`.{1,${size}}`, "gs")) ?? [];
  return `${parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join("")}0\r\n\r\n`;
}

describe.each(SETUPS)("[55] $name", ({ location }) => {
  let behind: Behind;
  let requests = 0;
  beforeAll(async () => {
    behind = await behindNginx({
      location,
      server: `client_max_body_size ${PROXY_BYTES};`,
      limits: { maxBodyBytes: MAX_BODY_BYTES },
      create: (options) => {
        const auth = custom(() => {
          requests += 1;
          return { issuer: "test", subject: "caller", permissions: [] };
        });
        const mcp = new McpServer({ name: "bodies", version: "1.0.0" }, { ...options, auth });
        const inputSchema = { type: "object", properties: { text: { type: "string" } } } as const;
        mcp.registerTool("echo", { inputSchema }, ({ text }) => String((text as string).length));
        return mcp;
      },
    });
  }, FETCH_TIMEOUT_MS);
  afterAll(() => behind?.close());

  async function post(line: string, body: string, sent?: unknown) {
    const socket = await RawSocket.connect(behind.base);
    const bytes = postBytes(behind.base, [line], body).toString("latin1").replace("POST /mcp", "POST /api/mcp");
    // A server that refuses early may close before all was sent.
    await socket.write(bytes).catch(() => undefined);
    return await readAnswer(socket, { sent });
  }
  const postSized = (size: number) => {
    const body = ofSize(size);
    return post(`content-length: ${size}`, body, JSON.parse(body));
  };
  const postChunked = (size: number, chunk: number) => {
    const body = ofSize(size);
    return post("transfer-encoding: chunked", chunked(body, chunk), JSON.parse(body));
  };

  test("arrive whole up to the server's bound, however they are cut", async () => {
    for (const answer of [
      await postSized(1_000),
      await postSized(MAX_BODY_BYTES),
      await postChunked(1_000, 1),
      await postChunked(MAX_BODY_BYTES, 1_000),
    ]) {
      expect(answer.status).toBe(200);
      expect(answer.messages[0]).toMatchObject({ id: 1, result: { content: [{ type: "text" }] } });
    }
  });

  test.each([MAX_BODY_BYTES + 1, 256 * 1024, FAR_ABOVE])(
    "[61] of %i bytes, above the server's bound, are its 413 and not a bad gateway",
    async (size) => {
      for (let times = 0; times < 2; times += 1) {
        expect((await postSized(size)).status).toBe(413);
        expect((await postChunked(size, 100_000)).status).toBe(413);
      }
    },
  );

  test("[61] above the proxy's bound never reach the server when they say so", async () => {
    const before = requests;
    expect((await postSized(PROXY_BYTES + 1)).status).toBe(413);
    expect(requests).toBe(before);
    // And the next request is served.
    expect((await postSized(1_000)).status).toBe(200);
  });
});
