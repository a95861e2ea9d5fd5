/** The page can call tools: whoever has not its key, its host and its origin gets nothing. */
import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DevLog } from "../../src/dev/log.js";
import { PageServer } from "../../src/dev/page-server.js";
import { PageSession } from "../../src/dev/page-session.js";
import { Upstream } from "../../src/dev/upstream.js";

let restarts = 0;
const session = new PageSession({
  log: new DevLog(),
  upstream: new Upstream(),
  connect: () => Promise.reject(new Error("there is no server here")),
  offerOf: () => Promise.reject(new Error("there is no server here")),
  problemOf: (error) => ({ message: String(error) }),
});
const restarted = () => {
  restarts += 1;
};
const server = new PageServer({ session, port: 0, script: "", restart: restarted });
let url: URL;
let key = "";

beforeAll(async () => {
  url = new URL(await server.listen());
  key = url.searchParams.get("key") ?? "";
});
afterAll(() => server.close());

interface Asking {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** `fetch` sets Host itself. */
function ask({
  path = "/",
  method = "GET",
  headers = {},
  body = "",
}: Asking): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const { hostname: host, port } = url;
    const outgoing = request({ host, port, path, method, headers, agent: false }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk: string) => {
        text += chunk;
      });
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

const restart = (headers: Readonly<Record<string, string>>) =>
  ask({
    path: "/api/restart",
    method: "POST",
    body: "{}",
    headers: { "content-type": "application/json", ...headers },
  });

describe("the page", () => {
  it("listens on loopback only, and serves who has the key", async () => {
    expect(url.hostname).toBe("127.0.0.1");
    expect(key.length).toBeGreaterThan(30);
    const response = await fetch(url);
    expect(response.status).toBe(200);
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy).toMatch(/^default-src 'none'; script-src 'nonce-[\w+/=]+'; connect-src 'self'/);
    expect(policy).not.toContain("unsafe");
    expect(response.headers.get("referrer-policy")).toBe("no-referrer");
    const other = (await fetch(url)).headers.get("content-security-policy");
    expect(other).not.toBe(policy);
    expect((await restart({ "x-holdfast-key": key })).status).toBe(204);
    expect(restarts).toBe(1);
  });

  const refused: readonly (readonly [string, () => Readonly<Record<string, string>>])[] = [
    ["no key", () => ({})],
    ["another key", () => ({ "x-holdfast-key": `${key.slice(0, -1)}${key.endsWith("A") ? "B" : "A"}` })],
    ["a key that is longer", () => ({ "x-holdfast-key": `${key}A` })],
    ["a Host that was pointed here", () => ({ "x-holdfast-key": key, host: "evil.example" })],
    ["the Host with its port", () => ({ "x-holdfast-key": key, host: `evil.example:${url.port}` })],
    ["another port", () => ({ "x-holdfast-key": key, host: "127.0.0.1:1" })],
    ["a foreign Origin", () => ({ "x-holdfast-key": key, origin: "https://evil.example" })],
    ["the Origin null", () => ({ "x-holdfast-key": key, origin: "null" })],
    ["another page of this machine", () => ({ "x-holdfast-key": key, origin: "http://127.0.0.1:8000" })],
    ["another site, as browsers tell", () => ({ "x-holdfast-key": key, "sec-fetch-site": "cross-site" })],
    ["another port, as browsers tell", () => ({ "x-holdfast-key": key, "sec-fetch-site": "same-site" })],
  ];

  it.each(refused)("refuses %s everywhere", async (_what, headers) => {
    const before = restarts;
    expect((await restart(headers())).status).toBe(403);
    expect((await ask({ path: "/api/events", headers: headers() })).status).toBe(403);
    const asked = "host" in headers() || "origin" in headers() || "sec-fetch-site" in headers();
    const document = await ask({ path: asked ? `/?key=${key}` : "/", headers: headers() });
    expect(document.status).toBe(403);
    expect(document.text).not.toContain("<script");
    expect(restarts).toBe(before);
  });

  it("takes the key from the address for the document only, and no form of another page", async () => {
    const before = restarts;
    const json = { "content-type": "application/json" };
    expect((await ask({ path: `/api/restart?key=${key}`, method: "POST", headers: json, body: "{}" })).status).toBe(
      403,
    );
    expect((await restart({ "x-holdfast-key": key, "content-type": "text/plain" })).status).toBe(415);
    expect((await ask({ path: "/api/restart", headers: { "x-holdfast-key": key } })).status).toBe(405);
    expect(restarts).toBe(before);
  });

  it.each([
    ["call", { call: "1", kind: "tool", name: 5, arguments: {} }],
    ["call", { call: "1", kind: "what", name: "x", arguments: {} }],
    ["answer", { id: "1" }],
    ["revision", { choice: "1999-01-01" }],
    ["nothing", {}],
  ])("refuses a request that is none: %s %j", async (name, body) => {
    const headers = { "content-type": "application/json", "x-holdfast-key": key };
    const { status } = await ask({ path: `/api/${name}`, method: "POST", headers, body: JSON.stringify(body) });
    expect(status).toBe(400);
  });
});
