/** What becomes of good tokens: every algorithm, the same principal each time, tokens that name no key. */
import { describe, expect, it } from "vitest";
import type { Authenticator } from "../../src/auth/authenticator.js";
import { jwt } from "../../src/auth/jwt.js";
import { JWT_ALGORITHMS } from "../../src/auth/jwt-options.js";
import { AUDIENCE, bearer, createKey, FakeIssuer, request } from "./helpers/issuer.js";
import { twoIssuers } from "./helpers/issuers.js";

const all = twoIssuers();

const ask = async (token: string, by: Authenticator = all.auth) => by.authenticate(bearer(token));

describe("good tokens", () => {
  it.each(JWT_ALGORITHMS)("signed with %s", { timeout: 20_000 }, async (alg) => {
    const one = await FakeIssuer.start({ alg });
    try {
      const principal = await ask(await one.sign(), jwt({ issuer: one.url, audience: AUDIENCE }));
      expect(principal).toMatchObject({ issuer: one.url, subject: "ada", permissions: ["products:read"] });
    } finally {
      await one.close();
    }
  });

  it("become a principal with claims, client, roles and end, which nobody can change", async () => {
    const exp = Math.floor(Date.now() / 1000) + 300;
    const principal = await ask(await all.ec.sign({ exp, client_id: "app", roles: ["buyer"], scope: "a b" }));
    if (principal === undefined) throw new Error("refused");
    expect(principal).toMatchObject({
      clientId: "app",
      roles: ["buyer"],
      permissions: ["a", "b", "buyer"],
      expiresAt: (exp + 60) * 1000,
      claims: { sub: "ada", exp },
    });
    expect(() => (principal.permissions as string[]).push("*")).toThrow(TypeError);
    expect(() => ((principal.claims?.roles as string[])[0] = "admin")).toThrow(TypeError);
  });

  it("are answered at once, and with the same principal, when they come again", async () => {
    const token = await all.ec.sign();
    const first = all.auth.authenticate(bearer(token));
    const meanwhile = all.auth.authenticate(bearer(token));
    expect(meanwhile).toBe(first);
    const principal = await first;
    expect(all.auth.authenticate(bearer(token))).toBe(principal);
  });

  it("of two issuers with the same subject are two principals", async () => {
    const [one, other] = await Promise.all([ask(await all.ec.sign()), ask(await all.rsa.sign())]);
    expect(one?.subject).toBe(other?.subject);
    expect(one?.issuer).not.toBe(other?.issuer);
  });

  it("are none of this kind without a bearer token", () => {
    expect(all.auth.authenticate(request())).toBeUndefined();
    expect(all.auth.authenticate(request({ authorization: "Basic YTpi" }))).toBeUndefined();
  });
});

describe("a token that names no key", () => {
  it("is tried with each of the issuer's keys", async () => {
    const one = await FakeIssuer.start();
    try {
      const keys = await Promise.all([createKey("ES256", "a"), createKey("ES256", "b"), createKey("ES256", "c")]);
      one.published = keys.map(({ jwk }) => jwk);
      const by = jwt({ issuer: one.url, audience: AUDIENCE });
      for (const key of keys) {
        expect(await ask(await one.sign({}, { key, header: { kid: undefined } }), by)).toBeDefined();
      }
      const stranger = await createKey("ES256");
      const token = await one.sign({}, { key: stranger, header: { kid: undefined } });
      await expect(ask(token, by)).rejects.toThrow(/signature/);
      const expired = await one.sign({ exp: 1 }, { key: keys[1], header: { kid: undefined } });
      await expect(ask(expired, by)).rejects.toThrow(/expired/);
    } finally {
      await one.close();
    }
  });
});
