/** What is kept of tokens has bounds, however many there are and however long. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jwt } from "../../src/auth/jwt.js";
import { TokenCache } from "../../src/auth/token-cache.js";
import { AuthenticationUnavailableError } from "../../src/errors.js";
import { silentLogger } from "../../src/util/logger.js";
import { AUDIENCE, bearer, FakeIssuer, request } from "./helpers/issuer.js";

describe("the cache", () => {
  const BOUNDS = { maxEntries: 20, maxCharacters: 400 };

  it("holds what was used last, within both bounds", () => {
    const step = fc.record({
      key: fc.nat({ max: 60 }),
      long: fc.nat({ max: 60 }),
      what: fc.constantFrom("get", "set", "delete"),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const cache = new TokenCache<{ key: string }>(BOUNDS);
        const held = new Set<string>();
        for (const { key, long, what } of steps) {
          const name = `${key}-${"x".repeat(long)}`;
          if (what === "get") expect(cache.get(name)?.key ?? name).toBe(name);
          if (what === "set") {
            cache.set(name, { key: name });
            held.add(name);
            expect(cache.get(name)?.key).toBe(name);
          }
          if (what === "delete") {
            cache.delete(name);
            expect(cache.get(name)).toBeUndefined();
          }
          expect(cache.size).toBeLessThanOrEqual(BOUNDS.maxEntries);
        }
        const kept = [...held].filter((name) => cache.get(name) !== undefined);
        expect(kept.length).toBeLessThanOrEqual(BOUNDS.maxEntries);
        expect(kept.join("").length).toBeLessThanOrEqual(BOUNDS.maxCharacters);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    { bounds: { maxEntries: 20, maxCharacters: 1_000_000 }, most: 20 },
    { bounds: { maxEntries: 1_000_000, maxCharacters: 400 }, most: 40 },
  ])("holds no more than $most by either bound alone", ({ bounds, most }) => {
    const cache = new TokenCache<object>(bounds);
    let largest = 0;
    for (let count = 0; count < 1000; count += 1) {
      cache.set(`${count}`.padStart(10, "0"), {});
      largest = Math.max(largest, cache.size);
    }
    expect(largest).toBe(most);
  });

  it("keeps what is in use while others come and go", () => {
    const cache = new TokenCache<{ name: string }>(BOUNDS);
    const mine = { name: "mine" };
    cache.set("mine", mine);
    for (let other = 0; other < 1000; other += 1) {
      cache.set(`other-${other}`, { name: "other" });
      expect(cache.get("mine")).toBe(mine);
    }
  });
});

describe("callers", () => {
  let issuer: FakeIssuer;
  beforeAll(async () => {
    issuer = await FakeIssuer.start();
  });
  afterAll(() => issuer.close());

  it("with the same token in other words are the same caller", async () => {
    const auth = jwt({ issuer: issuer.url, audience: AUDIENCE });
    const token = await issuer.sign();
    const ask = async (authorization: string) => auth.authenticate(request({ authorization }));
    const principal = await ask(`Bearer ${token}`);
    expect(await ask(`bearer ${token}`)).toEqual(principal);
    expect(await ask(`BEARER ${" ".repeat(20_000)}${token}`)).toEqual(principal);
  });

  it("beyond those whose tokens are being verified are told to come back", async () => {
    issuer.metadataFault = "silent";
    const auth = jwt({ issuer: issuer.url, audience: AUDIENCE, timeoutMs: 1500, logger: silentLogger });
    const [header, claims] = (await issuer.sign()).split(".");
    const ask = async (count: number) => {
      const signature = Buffer.from(`${count}`.padStart(6, "0")).toString("base64url");
      return auth.authenticate(bearer(`${header}.${claims}.${signature}`));
    };
    const all = Promise.allSettled(Array.from({ length: 10_000 }, (_, count) => ask(count)));
    await expect(ask(10_000)).rejects.toThrow(/Too many/);
    await expect(ask(10_000)).rejects.toThrow(AuthenticationUnavailableError);
    const settled = await all;
    expect(settled.every((one) => one.status === "rejected")).toBe(true);
    issuer.metadataFault = undefined;
  });
});
