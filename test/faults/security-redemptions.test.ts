/** [80] What may be used once is used once, by however many at the same time; and what is checked is checked once. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type DemoProvider, startProvider } from "../../examples/warehouse/provider/index.js";
import { jwt } from "../../src/auth/jwt.js";
import { McpServer } from "../../src/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { AUDIENCE, FakeIssuer } from "../auth/helpers/issuer.js";
import { modernRequest, post } from "../support/raw-http.js";
import { type Answer, LoginClient } from "./helpers/security-login.js";
import { type Served, serve } from "./helpers/server.js";

const TIMES = 50;
const RESOURCE = "https://mcp.example.com/mcp";

const atOnce = <T>(work: (index: number) => Promise<T>): Promise<T[]> => {
  return Promise.all(Array.from({ length: TIMES }, (_, index) => work(index)));
};

/** The one that was granted; all others are told that the grant is not good, and nothing else. */
function theOne(answers: readonly Answer[]): Answer["body"] {
  const [granted, ...more] = answers.filter(({ status }) => status === 200);
  const others = answers.filter((one) => one !== granted);
  expect(more).toEqual([]);
  expect(new Set(others.map(({ status, body }) => `${status} ${body.error}`))).toEqual(new Set(["400 invalid_grant"]));
  expect(others.some(({ body }) => "access_token" in body || "refresh_token" in body)).toBe(false);
  expect(granted?.body).toMatchObject({ access_token: expect.any(String), refresh_token: expect.any(String) });
  return granted?.body ?? {};
}

describe("[80] at the demo provider, fifty times at once", () => {
  let provider: DemoProvider;
  let client: LoginClient;
  beforeAll(async () => {
    provider = await startProvider();
    client = new LoginClient(provider.issuer, RESOURCE);
    await client.register();
  });
  afterAll(() => provider.close());

  test("a code gives one token, and nothing that comes of it lasts", async () => {
    const grant = await client.authorize("ada@acme");
    const { refresh_token = "" } = theOne(await atOnce(() => client.redeem(grant)));
    expect((await client.redeem(grant)).status).toBe(400);
    // A code that was seen twice was seen by somebody else (RFC 6749, section 4.1.2).
    expect(await client.refresh(refresh_token)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
  });

  test("a refresh token gives one token, and a new one in its place that nobody keeps", async () => {
    const { body } = await client.redeem(await client.authorize("ada@acme"));
    const { refresh_token: first = "" } = body;
    const { refresh_token: second = "" } = theOne(await atOnce(() => client.refresh(first)));
    expect(second).not.toBe(first);
    for (const token of [first, second]) expect((await client.refresh(token)).status).toBe(400);
  });

  test("codes of their own give a token each", async () => {
    const grants = [await client.authorize("ada@acme"), await client.authorize("bob@acme")];
    const answers = await Promise.all(grants.map((grant) => client.redeem(grant)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(new Set(answers.map(({ body }) => body.access_token)).size).toBe(2);
  });
});

describe("[80] on this side, fifty first requests at once", () => {
  let issuer: FakeIssuer;
  let served: Served;
  const verified = vi.spyOn(globalThis.crypto.subtle, "verify");

  beforeEach(async () => {
    issuer = await FakeIssuer.start();
    const auth = jwt({ issuer: issuer.url, audience: AUDIENCE });
    const mcp = new McpServer({ name: "fifty", version: "1.0.0" }, { auth, logger: silentLogger });
    mcp.registerTool("whoami", { requires: "products:read" }, ({ principal }) => principal.subject);
    served = await serve(mcp);
    verified.mockClear();
  });
  afterEach(async () => {
    await served.close();
    await issuer.close();
  });
  afterAll(() => verified.mockRestore());

  async function whoami(token: string): Promise<unknown> {
    const { message, headers } = modernRequest("tools/call", { name: "whoami", arguments: {} });
    const answer = await post(served.url, message, { headers: { ...headers, authorization: `Bearer ${token}` } });
    return (answer.reply?.result as { content?: { text: string }[] } | undefined)?.content?.[0]?.text ?? answer.status;
  }

  test("with one token cost one look at it and one at the issuer", async () => {
    const token = await issuer.sign();
    expect(new Set(await atOnce(() => whoami(token)))).toEqual(new Set(["ada"]));
    expect(await whoami(token)).toBe("ada");
    expect([verified.mock.calls.length, issuer.metadataRequests.length, issuer.keysRequests]).toEqual([1, 1, 1]);
  });

  test("with a token each cost one look at each, and one at the issuer", async () => {
    const tokens = await atOnce((index) => issuer.sign({ sub: `u${index}` }));
    expect(await atOnce((index) => whoami(tokens[index] ?? ""))).toEqual(tokens.map((_, index) => `u${index}`));
    expect([verified.mock.calls.length, issuer.metadataRequests.length, issuer.keysRequests]).toEqual([TIMES, 1, 1]);
  });

  test("with one bad token let nobody in", async () => {
    const [head, , signature] = (await issuer.sign()).split(".");
    const [, claims] = (await issuer.sign({ sub: "root" })).split(".");
    expect(new Set(await atOnce(() => whoami(`${head}.${claims}.${signature}`)))).toEqual(new Set([401]));
  });
});
