/** [71, 74] Whatever is changed in a token, it is refused; whatever is sent, nothing but a refusal comes of it. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Authenticator } from "../../src/auth/authenticator.js";
import { jwt } from "../../src/auth/jwt.js";
import { AuthenticationError, AuthenticationUnavailableError } from "../../src/errors.js";
import { AUDIENCE, bearer, FakeIssuer, request } from "./helpers/issuer.js";

const ALPHABET = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"];
const ALGORITHMS = ["ES256", "EdDSA", "RS256"];

const issuers = new Map<string, FakeIssuer>();
const tokens = new Map<string, string>();
let auth: Authenticator;
beforeAll(async () => {
  for (const alg of ALGORITHMS) {
    const issuer = await FakeIssuer.start({ alg });
    issuers.set(alg, issuer);
    tokens.set(alg, await issuer.sign());
  }
  auth = jwt({ issuer: [...issuers.values()].map(({ url }) => url), audience: AUDIENCE });
  for (const token of tokens.values()) expect(await auth.authenticate(bearer(token))).toBeDefined();
});
afterAll(() => Promise.all([...issuers.values()].map((issuer) => issuer.close())));

type Outcome = "nobody" | "somebody" | "refused" | "unavailable";

/** What comes of credentials; fails for every error that is none of the two. */
async function outcome(authorization: string, by: Authenticator = auth): Promise<Outcome> {
  try {
    const principal = await by.authenticate(request({ authorization }));
    return principal === undefined ? "nobody" : "somebody";
  } catch (error) {
    if (error instanceof AuthenticationError) {
      expect(error.message).toMatch(/^[\x20-\x7e]{10,120}$/);
      return "refused";
    }
    if (error instanceof AuthenticationUnavailableError) return "unavailable";
    throw error;
  }
}

describe.each(ALGORITHMS)("a good token (%s)", (alg) => {
  it("with any character changed", async () => {
    const token = tokens.get(alg) ?? "";
    const places = fc.integer({ min: 0, max: token.length - 1 });
    await fc.assert(
      fc.asyncProperty(places, fc.constantFrom(...ALPHABET, ".", "=", "+", "/"), async (at, char) => {
        fc.pre(token[at] !== char);
        expect(await outcome(`Bearer ${token.slice(0, at)}${char}${token.slice(at + 1)}`)).toBe("refused");
      }),
      { numRuns: 400 },
    );
  });

  it("with any bit of header, claims or signature flipped", async () => {
    const parts = (tokens.get(alg) ?? "").split(".").map((part) => Buffer.from(part, "base64url"));
    const flip = fc.nat({ max: 2 }).chain((part) => {
      return fc.record({ part: fc.constant(part), bit: fc.nat({ max: (parts[part]?.length ?? 0) * 8 - 1 }) });
    });
    await fc.assert(
      fc.asyncProperty(flip, async ({ part, bit }) => {
        const changed = parts.map((bytes) => Buffer.from(bytes));
        const bytes = changed[part] as Buffer;
        bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
        const text = changed.map((one) => one.toString("base64url")).join(".");
        expect(await outcome(`Bearer ${text}`)).toBe("refused");
      }),
      { numRuns: 400 },
    );
  });

  it("cut, doubled, or with something before or behind it", async () => {
    const token = tokens.get(alg) ?? "";
    const changed = fc.oneof(
      fc.nat({ max: token.length - 1 }).map((length) => token.slice(0, length)),
      fc.integer({ min: 1, max: token.length }).map((from) => token.slice(from)),
      fc.string({ minLength: 1, maxLength: 5 }).map((text) => `${token}${text.trim() === "" ? "." : text}`),
      fc.constantFrom(...ALPHABET).map((char) => `${char}${token}`),
      fc.constant(`${token}.${token}`),
      fc.constant(`${token}, Bearer ${token}`),
    );
    await fc.assert(
      fc.asyncProperty(changed, async (text) => {
        expect(await outcome(`Bearer ${text}`)).toBe("refused");
      }),
      { numRuns: 300 },
    );
  });
});

describe("anything", () => {
  it("in the header of the request", async () => {
    const encoded = fc.oneof(fc.json(), fc.string()).map((text) => Buffer.from(text).toString("base64url"));
    const jws = fc.array(encoded, { minLength: 1, maxLength: 6 }).map((parts) => parts.join("."));
    const text = fc.oneof(fc.string(), fc.string({ unit: "binary" }), jws);
    const scheme = fc.constantFrom("Bearer ", "bearer  ", "BEARER ", "Basic ", "", "Bearer");
    await fc.assert(
      fc.asyncProperty(scheme, text, async (before, value) => {
        expect(await outcome(`${before}${value}`)).toMatch(/^(?:nobody|refused)$/);
      }),
      { numRuns: 800 },
    );
  });

  it("in the header of the token", async () => {
    const names = ["alg", "kid", "typ", "crit", "b64", "jwk", "jku", "x5u", "x5c", "zip", "enc", "__proto__"];
    const algorithms = ["none", "HS256", "RS256", "ES256", "EdDSA", "Ed25519", "ML-DSA-44", "__proto__"];
    const value = fc.oneof(fc.constantFrom(...algorithms, "at+jwt"), fc.jsonValue());
    const [, payload = "", signature = ""] = (tokens.get("ES256") ?? "").split(".");
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.constantFrom(...names), value), async (header) => {
        const first = Buffer.from(JSON.stringify(header)).toString("base64url");
        expect(await outcome(`Bearer ${first}.${payload}.${signature}`)).toBe("refused");
      }),
      { numRuns: 500 },
    );
  });

  it("in the claims of a token that the issuer did sign", async () => {
    const issuer = issuers.get("EdDSA") as FakeIssuer;
    const names = ["sub", "aud", "exp", "nbf", "iat", "scope", "roles", "client_id", "token_use", "typ", "__proto__"];
    const numbers = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(1e308, -0, 4e9, 2 ** 53));
    const changes = fc.dictionary(fc.constantFrom(...names), fc.oneof(fc.jsonValue(), numbers));
    await fc.assert(
      fc.asyncProperty(changes, async (claims) => {
        expect(await outcome(`Bearer ${await issuer.sign(claims)}`)).toMatch(/^(?:somebody|refused)$/);
      }),
      { numRuns: 500 },
    );
  });
});
