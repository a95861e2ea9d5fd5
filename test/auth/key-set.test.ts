/** [73] Keys of an issuer: fetched once for everybody, rotated, withdrawn, and unknown ones that anybody can make up. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Authenticator } from "../../src/auth/authenticator.js";
import { jwt } from "../../src/auth/jwt.js";
import type { JwtOptions } from "../../src/auth/jwt-options.js";
import { AuthenticationError } from "../../src/errors.js";
import { silentLogger } from "../../src/util/logger.js";
import { until } from "../faults/helpers/until.js";
import { AUDIENCE, bearer, createKey, FakeIssuer } from "./helpers/issuer.js";

const COOLDOWN_MS = 30_000;
const MAX_AGE_MS = 600_000;

let issuer: FakeIssuer;
let auth: Authenticator;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: 1_900_000_000_000 });
  issuer = await FakeIssuer.start();
  auth = create();
});
afterEach(async () => {
  vi.useRealTimers();
  await issuer.close();
});

const create = (options: Partial<JwtOptions> = {}) => {
  return jwt({ issuer: issuer.url, audience: AUDIENCE, logger: silentLogger, ...options });
};
const ask = async (token: string) => auth.authenticate(bearer(token));
const pass = (ms: number) => vi.setSystemTime(Date.now() + ms);
/** A token that outlives every test. */
const long = (key = issuer.key) => issuer.sign({ exp: Math.floor(Date.now() / 1000) + 100_000 }, { key });

async function refusals(tokens: readonly string[]): Promise<number> {
  const settled = await Promise.allSettled(tokens.map(ask));
  return settled.filter((one) => one.status === "rejected" && one.reason instanceof AuthenticationError).length;
}

describe("a thousand callers at once", () => {
  it("before there are keys: metadata and keys are fetched once", async () => {
    expect(issuer.metadataRequests).toEqual([]);
    const tokens = await Promise.all(Array.from({ length: 1000 }, (_, index) => issuer.sign({ sub: `user-${index}` })));
    const principals = await Promise.all(tokens.map(ask));
    expect(new Set(principals.map((principal) => principal?.subject)).size).toBe(1000);
    expect(issuer.keysRequests).toBe(1);
    expect(issuer.metadataRequests).toHaveLength(1);
  });

  it("with one token: it is verified once", async () => {
    const token = await issuer.sign();
    const principals = await Promise.all(Array.from({ length: 1000 }, () => ask(token)));
    expect(new Set(principals).size).toBe(1);
  });

  it("with unknown keys: the keys are fetched once, and not again within the cool-down", async () => {
    await ask(await issuer.sign());
    const stranger = await createKey("ES256");
    const storm = () =>
      Promise.all(
        Array.from({ length: 1000 }, (_, index) =>
          issuer.sign({}, { key: stranger, header: { kid: `made-up-${index}` } }),
        ),
      );
    // Those who come right after the first fetch learn nothing by another one.
    expect(await refusals(await storm())).toBe(1000);
    expect(issuer.keysRequests).toBe(1);
    pass(COOLDOWN_MS);
    expect(await refusals(await storm())).toBe(1000);
    expect(issuer.keysRequests).toBe(2);
    pass(COOLDOWN_MS - 1);
    expect(await refusals(await storm())).toBe(1000);
    expect(issuer.keysRequests).toBe(2);
    expect(await ask(await issuer.sign())).toBeDefined();
  });

  it("with tokens that are wrong to look at: nothing is fetched", async () => {
    const wrong = [
      await issuer.sign({ iss: "https://other.example.com" }),
      await issuer.sign({}, { header: { typ: "logout+jwt" } }),
      "a.b.c",
      (await issuer.sign()).slice(0, -2),
    ];
    expect(await refusals(wrong.slice(0, 3))).toBe(3);
    expect(issuer.keysRequests + issuer.metadataRequests.length).toBe(0);
  });
});

describe("rotation", () => {
  it("a new key is found by the first token that it signed", async () => {
    await ask(await issuer.sign());
    const next = await createKey("ES256");
    issuer.published.push(next.jwk);
    pass(COOLDOWN_MS);
    expect(await ask(await long(next))).toBeDefined();
    expect(await ask(await long())).toBeDefined();
    expect(issuer.keysRequests).toBe(2);
  });

  it("also when tokens name no key", async () => {
    const unnamed = (key = issuer.key) => issuer.sign({}, { key, header: { kid: undefined } });
    const strip = ({ kid: _, ...jwk }: (typeof issuer.key)["jwk"]) => jwk;
    issuer.published = [strip(issuer.key.jwk)];
    expect(await ask(await unnamed())).toBeDefined();
    const next = await createKey("ES256");
    issuer.published = [strip(next.jwk)];
    pass(COOLDOWN_MS);
    expect(await ask(await unnamed(next))).toBeDefined();
    expect(issuer.keysRequests).toBe(2);
    await expect(ask(await unnamed())).rejects.toThrow(/signature/);
  });

  it("a withdrawn key opens nothing after the next refresh, known tokens included", async () => {
    const old = await long();
    const principal = await ask(old);
    const next = await createKey("ES256");
    issuer.published = [next.jwk];
    pass(MAX_AGE_MS - 1);
    expect(auth.authenticate(bearer(old))).toBe(principal);
    expect(issuer.keysRequests).toBe(1);
    pass(1);
    // Whoever comes first does not wait, and so is the last one to get in.
    expect(auth.authenticate(bearer(old))).toBe(principal);
    await until("refused", () => auth.authenticate(bearer(old)) !== principal);
    await expect(ask(old)).rejects.toThrow(/not signed with a key/);
    expect(await ask(await long(next))).toBeDefined();
    expect(issuer.keysRequests).toBe(2);
  });

  it("found out by a token of another key, as well", async () => {
    const old = await long();
    await ask(old);
    const next = await createKey("ES256");
    issuer.published = [next.jwk];
    pass(COOLDOWN_MS);
    await ask(await long(next));
    await expect(ask(old)).rejects.toThrow(/not signed with a key/);
  });

  it("keys that are as they were keep known tokens known", async () => {
    const token = await long();
    const principal = await ask(token);
    for (let round = 1; round <= 3; round += 1) {
      pass(MAX_AGE_MS);
      const isKnown = () => auth.authenticate(bearer(token)) === principal;
      await until("fetched again", () => isKnown() && issuer.keysRequests === round + 1);
    }
    expect(auth.authenticate(bearer(token))).toBe(principal);
  });

  it("no keys at all open nothing", async () => {
    const token = await long();
    await ask(token);
    issuer.published = [];
    pass(MAX_AGE_MS);
    await ask(token);
    await until("fetched again", () => auth.authenticate(bearer(token)) instanceof Promise);
    await expect(ask(token)).rejects.toThrow(AuthenticationError);
  });

  it("a clock that was set back keeps nobody out, and keys are fetched again", async () => {
    const token = await long();
    await ask(token);
    pass(-50_000);
    expect(await ask(token)).toBeDefined();
    await until("fetched again", () => issuer.keysRequests === 2);
  });
});
