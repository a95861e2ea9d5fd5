/** When the introspection endpoint is asked, and what becomes of callers when it gives no answer. */
import type { ServerResponse } from "node:http";
import { describe, expect, test, vi } from "vitest";
import { introspection } from "../../src/auth/introspection.js";
import { AuthenticationError, AuthenticationUnavailableError } from "../../src/errors.js";
import { McpServer } from "../../src/index.js";
import type { Logger } from "../../src/util/logger.js";
import { serve } from "../faults/helpers/server.js";
import { until } from "../faults/helpers/until.js";
import { modernRequest, post } from "../support/raw-http.js";
import { bearer, refusal } from "./helpers/auth-request.js";
import { ACTIVE, AUDIENCE, asking, CANARY, inSeconds } from "./helpers/introspected.js";
import { json } from "./helpers/introspection-server.js";

const one = asking();
const { create } = one;

describe("[73] questions", () => {
  test("are asked once for a token, however many requests bring it", async () => {
    const auth = create();
    const callers = await Promise.all(Array.from({ length: 50 }, () => auth.authenticate(bearer("good"))));
    expect(new Set(callers).size).toBe(1);
    expect(auth.authenticate(bearer("good"))).toBe(callers[0]);
    for (let call = 0; call < 5; call += 1) await refusal(auth, bearer("bad"));
    expect(one.as.asked.map(({ form }) => form.get("token"))).toEqual(["good", "bad"]);
  });

  test("are asked again after cacheSeconds: a withdrawn token ends, one that stays is the same principal", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const auth = create({ cacheSeconds: 30 });
    const before = await auth.authenticate(bearer("good"));
    vi.advanceTimersByTime(29_999);
    expect(auth.authenticate(bearer("good"))).toBe(before);
    vi.advanceTimersByTime(1);
    expect(await auth.authenticate(bearer("good"))).toBe(before);
    expect(one.as.asked.length).toBe(2);
    one.as.tokens.delete("good");
    vi.advanceTimersByTime(30_000);
    expect((await refusal(auth, bearer("good"))).message).toMatch(/not active/);
  });

  test("a token is never kept beyond its own end; a refusal for negativeCacheSeconds", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const auth = create({ cacheSeconds: 3600, negativeCacheSeconds: 10 });
    one.as.tokens.set("short", { ...ACTIVE, exp: inSeconds(5) });
    await auth.authenticate(bearer("short"));
    vi.advanceTimersByTime(5_000);
    expect((await refusal(auth, bearer("short"))).message).toMatch(/expired/);
    one.as.tokens.set("short", ACTIVE);
    vi.advanceTimersByTime(9_999);
    await refusal(auth, bearer("short"));
    vi.advanceTimersByTime(1);
    expect(await auth.authenticate(bearer("short"))).toMatchObject({ subject: "ada" });
  });

  test("invented tokens push out no good one", async () => {
    const auth = create({ cacheSeconds: 3600, negativeCacheSeconds: 3600, fetch: fake });
    const before = await auth.authenticate(bearer("good"));
    for (let token = 0; token < 6_000; token += 1) await refusal(auth, bearer(`t${token}`));
    expect(auth.authenticate(bearer("good"))).toBe(before);
  });

  test("a flood of them waits for no endpoint", async () => {
    const waiting: ServerResponse[] = [];
    one.as.answer = (response) => waiting.push(response);
    const auth = create();
    const flood = Array.from({ length: 300 }, (_, token) => refusal(auth, bearer(`t${token}`)));
    const told = (await Promise.all(flood.slice(256))).map((error) => error.message);
    expect(new Set(told)).toEqual(new Set(["Too many tokens are being introspected."]));
    await until("256 are asked", () => waiting.length === 256);
    for (const response of waiting) json(response, { active: false });
    for (const error of await Promise.all(flood.slice(0, 256))) expect(error).toBeInstanceOf(AuthenticationError);
    one.as.answer = undefined;
    expect(await auth.authenticate(bearer("good"))).toMatchObject({ subject: "ada" });
  });
});

/** In place of the network where thousands of questions are asked. */
const fake: typeof fetch = async (_url, init) => {
  const token = new URLSearchParams(String(init?.body)).get("token");
  return Response.json(token === "good" ? ACTIVE : { active: false });
};

describe("[73, 74] an endpoint that gives no answer: 503, and nothing is said of secrets", () => {
  let elsewhere = 0;
  const bad: readonly [string, (response: ServerResponse) => void][] = [
    ["refuses this server", (response) => json(response, { error: "invalid_client" }, 401)],
    ["fails", (response) => json(response, {}, 500)],
    ["sends nothing", (response) => response.end()],
    ["sends no JSON", (response) => response.end("<html>")],
    ["sends a list", (response) => json(response, [{ active: true }])],
    ["does not say whether", (response) => json(response, { sub: "ada", aud: AUDIENCE })],
    ["says so in text", (response) => json(response, { ...ACTIVE, active: "true" })],
    ["sends too much", (response) => json(response, { ...ACTIVE, x: "x".repeat(300_000) })],
    ["breaks off", (response) => response.writeHead(200).write("{", () => response.destroy())],
    ["never answers", () => undefined],
    ["never ends", (response) => response.writeHead(200).write("{")],
    ["sends elsewhere", (response) => response.writeHead(307, { location: `${one.as.issuer}/elsewhere` }).end()],
  ];
  test.each(bad)("because it %s", async (_what, answer) => {
    one.as.answer = (response, { path }) => {
      if (path === "/elsewhere") elsewhere += 1;
      answer(response);
    };
    const auth = create({ timeoutMs: 200 });
    const error = await refusal(auth, bearer("good"));
    expect(error).toBeInstanceOf(AuthenticationUnavailableError);
    for (let at: unknown = error; at instanceof Error; at = at.cause) {
      expect(`${at.message}${at.stack}`).not.toContain(CANARY);
      expect(at.message).not.toContain("good");
    }
    expect(elsewhere).toBe(0);
    one.as.answer = undefined;
    expect(await auth.authenticate(bearer("good")), "nothing of the failure is kept").toMatchObject({ subject: "ada" });
  });

  test("because a fetch of the caller's never ends, heeds no signal, and holds no place for ever", async () => {
    let hangs = true;
    const stuck: typeof fetch = (url, init) => (hangs ? new Promise(() => undefined) : fake(url, init));
    const auth = create({ timeoutMs: 20, fetch: stuck });
    const flood = Array.from({ length: 256 }, (_, token) => refusal(auth, bearer(`t${token}`)));
    for (const error of [...(await Promise.all(flood)), await refusal(auth, bearer("good"))]) {
      expect(error).toBeInstanceOf(AuthenticationUnavailableError);
      expect(error.message).toMatch(/did not come within 20 ms/);
    }
    hangs = false;
    expect(await auth.authenticate(bearer("good"))).toMatchObject({ subject: "ada" });
  });

  test("because it is not there", async () => {
    const { url } = one.as;
    await one.as.close();
    const error = await refusal(create({ url }), bearer("good"));
    expect(error).toBeInstanceOf(AuthenticationUnavailableError);
    expect(error.message).toMatch(/ECONNREFUSED/);
  });
});

describe("an issuer instead of an endpoint", () => {
  test("its metadata names the endpoint, and tells clients where to log in", async () => {
    const auth = introspection({
      ...{ issuer: one.as.issuer, clientId: "mcp", clientSecret: CANARY, audience: AUDIENCE, scopes: ["netbox:read"] },
    });
    expect(await auth.authenticate(bearer("good"))).toMatchObject({ issuer: one.as.issuer });
    expect(auth.oauth).toMatchObject({ authorizationServers: [one.as.issuer], scopes: ["netbox:read"] });
    expect(await auth.oauth?.authorizationServerMetadata?.(one.as.issuer)).toMatchObject({ issuer: one.as.issuer });
    expect(await auth.oauth?.authorizationServerMetadata?.("https://other.example")).toBeUndefined();
    expect(create().oauth).toBeUndefined();
  });

  test.each<[string, Record<string, unknown>, RegExp]>([
    ["names none", { introspection_endpoint: undefined }, /names no introspection_endpoint/],
    ["names one that others can read", { introspection_endpoint: "http://login.example/i" }, /https/],
    ["is another's", { issuer: "https://other.example" }, /another issuer/],
  ])("[S26] whose metadata %s: 503", async (_what, metadata, message) => {
    one.as.metadata = metadata;
    const options = { issuer: one.as.issuer, clientId: "mcp", clientSecret: CANARY, audience: AUDIENCE };
    const error = await refusal(introspection(options), bearer("good"));
    expect(error).toBeInstanceOf(AuthenticationUnavailableError);
    expect(error.message).toMatch(message);
    expect(one.as.asked).toEqual([]);
  });
});

test("[74, 77, S28] in a server: 200, 401, 503, and neither token nor secret in the log", async () => {
  const logged: string[] = [];
  const text = (field: unknown) => (field instanceof Error ? field.stack : field);
  const logger: Logger = {
    log: (_level, event, fields) => logged.push(event, JSON.stringify(Object.values(fields).map(text))),
  };
  const mcp = new McpServer({ name: "opaque", version: "1.0.0" }, { auth: create({ timeoutMs: 200 }), logger });
  mcp.registerTool("whoami", { requires: "netbox:read" }, ({ principal }) => principal.subject);
  const served = await serve(mcp);
  try {
    const { message, headers } = modernRequest("tools/call", { name: "whoami", arguments: {} });
    const ask = (token: string) =>
      post(served.url, message, { headers: { ...headers, authorization: `Bearer ${token}` } });
    expect((await ask("good")).reply?.result).toMatchObject({ content: [{ text: "ada" }] });
    expect((await ask("canary-token")).status).toBe(401);
    one.as.answer = (response) => json(response, {}, 500);
    const unavailable = await ask("canary-other-token");
    expect(unavailable.status).toBe(503);
    expect(unavailable.headers["retry-after"]).toBeDefined();
    expect(unavailable.raw.toString("utf8")).not.toContain(one.as.issuer);
    expect(logged).toContain("authentication_unavailable");
    expect(logged.join("")).toContain("answered with status 500");
    expect(logged.join("")).not.toContain("canary");
  } finally {
    await served.close();
  }
});
