/** [71] Forged, unsigned, encrypted and otherwise wrong tokens. */
import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { base64url, CompactEncrypt, exportSPKI, generateKeyPair, importJWK } from "jose";
import { describe, expect, it } from "vitest";
import { MAX_TOKEN_LENGTH } from "../../src/auth/access-token.js";
import type { Authenticator } from "../../src/auth/authenticator.js";
import { jwt } from "../../src/auth/jwt.js";
import { AuthenticationError } from "../../src/errors.js";
import { AUDIENCE, bearer, createKey, FakeIssuer } from "./helpers/issuer.js";
import { twoIssuers } from "./helpers/issuers.js";

const all = twoIssuers();

const ask = async (token: string, by: Authenticator = all.auth) => by.authenticate(bearer(token));
const encode = (value: unknown) => base64url.encode(JSON.stringify(value));

describe("forged tokens are refused", () => {
  const refused = async (token: string, message?: RegExp) => {
    await expect(ask(token)).rejects.toThrow(AuthenticationError);
    if (message !== undefined) await expect(ask(token)).rejects.toThrow(message);
  };

  it.each(["none", "None", "NONE", "nOnE", ""])("algorithm %j", async (alg) => {
    for (const signature of ["", "AA", "bm9uZQ"]) {
      await refused(`${encode({ alg, typ: "at+jwt" })}.${encode(all.ec.claims())}.${signature}`);
    }
  });

  it.each(["HS256", "HS384", "HS512"])("%s with the public key as its secret", async (alg) => {
    const publicKey = await importJWK(all.rsa.key.jwk, "RS256", { extractable: true });
    const spki = await exportSPKI(publicKey as CryptoKey);
    const input = `${encode({ alg, kid: all.rsa.key.kid, typ: "at+jwt" })}.${encode(all.rsa.claims())}`;
    for (const secret of [
      spki,
      spki.trim(),
      JSON.stringify(all.rsa.key.jwk),
      Buffer.from(all.rsa.key.jwk.n ?? "", "base64url"),
    ]) {
      const mac = createHmac(alg.replace("HS", "sha"), secret).update(input).digest("base64url");
      await refused(`${input}.${mac}`, /algorithm/);
    }
  });

  it("also when the issuer publishes a symmetric key", async () => {
    const one = await FakeIssuer.start();
    try {
      one.published = [
        { kty: "oct", kid: "s", alg: "HS256", k: base64url.encode("not a secret at all, as it is published") },
      ];
      const input = `${encode({ alg: "HS256", kid: "s" })}.${encode(one.claims())}`;
      const mac = createHmac("sha256", "not a secret at all, as it is published").update(input).digest("base64url");
      await expect(ask(`${input}.${mac}`, jwt({ issuer: one.url, audience: AUDIENCE }))).rejects.toThrow(
        AuthenticationError,
      );
    } finally {
      await one.close();
    }
  });

  const KIDS = [
    "../../../dev/null",
    "/dev/null",
    "x' UNION SELECT 'k",
    "http://127.0.0.1/keys",
    "__proto__",
    "constructor",
    "",
  ];
  it.each(KIDS)("key id %j", async (kid) => {
    const key = await createKey("ES256", kid);
    await refused(await all.ec.sign({}, { key }), /not signed with a key/);
  });

  it("a key of the sender's own with the id of a known one", async () => {
    await refused(await all.ec.sign({}, { key: await createKey("ES256", all.ec.key.kid) }), /signature/);
  });

  it("a key that comes with the token, or a place to get it", async () => {
    const key = await createKey("ES256", "own");
    const before = all.ec.keysRequests;
    for (const header of [
      { jwk: key.jwk },
      { jwk: key.jwk, kid: undefined },
      { jku: all.ec.jwksUri },
      { x5u: all.ec.jwksUri },
      { x5c: ["MIIB"] },
    ]) {
      await refused(await all.ec.sign({}, { key, header }));
    }
    expect(all.ec.keysRequests - before).toBeLessThanOrEqual(1);
  });

  it("signed by the other issuer", async () => {
    await refused(await all.ec.sign({}, { key: all.rsa.key }));
    await refused(await all.ec.sign({ iss: all.rsa.url }));
  });

  it.each([
    { crit: ["exp"], exp: 1 },
    { crit: ["made-up"], "made-up": 1 },
    { crit: [] },
    { crit: "exp" },
    { crit: ["b64"], b64: false },
  ])("critical header %j", async (header) => {
    const good = await all.ec.sign();
    const [, payload = ""] = good.split(".");
    const { privateKey } = all.ec.key;
    const input = `${encode({ alg: "ES256", kid: all.ec.key.kid, ...header })}.${payload}`;
    const algorithm = { name: "ECDSA", hash: "SHA-256" };
    const signature = await crypto.subtle.sign(algorithm, privateKey, Buffer.from(input));
    await refused(`${input}.${Buffer.from(signature).toString("base64url")}`);
  });

  it.each([
    "JOSE",
    "logout+jwt",
    "secevent+jwt",
    "dpop+jwt",
    "id_token",
    "application/json",
    "jwt ",
    "",
    7,
    null,
    ["at+jwt"],
  ])("type %j", async (typ) => refused(await all.ec.sign({}, { header: { typ } }), /typ/));

  it.each(["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt", "JWT", "jwt", "application/jwt", undefined])(
    "but type %j is accepted",
    async (typ) => expect(await ask(await all.ec.sign({}, { header: { typ } }))).toMatchObject({ subject: "ada" }),
  );

  it("every type but at+jwt, when that is demanded", async () => {
    const strict = jwt({ issuer: all.ec.url, audience: AUDIENCE, typ: "at+jwt" });
    await expect(ask(await all.ec.sign({}, { header: { typ: "JWT" } }), strict)).rejects.toThrow(/typ/);
    await expect(ask(await all.ec.sign({}, { header: { typ: undefined } }), strict)).rejects.toThrow(/typ/);
    expect(await ask(await all.ec.sign({}, { header: { typ: "application/AT+JWT" } }), strict)).toBeDefined();
  });

  it("encrypted ones", async () => {
    const { publicKey } = await generateKeyPair("RSA-OAEP-256");
    const encrypted = await new CompactEncrypt(Buffer.from(await all.ec.sign()))
      .setProtectedHeader({ alg: "RSA-OAEP-256", enc: "A256GCM", cty: "JWT" })
      .encrypt(publicKey);
    expect(encrypted.split(".")).toHaveLength(5);
    await refused(encrypted, /not a signed JWT/);
  });

  it("what is no token at all, or too long a one", async () => {
    for (const text of [
      "x",
      "a.b",
      "a.b.c",
      "a.b.c.d",
      "..",
      "a..c",
      "e30.e30.e30",
      "bnVsbA.bnVsbA.AA",
      "W10.W10.AA",
    ]) {
      await refused(text, /not a signed JWT|algorithm/);
    }
    const large = await all.ec.sign({ pad: "x".repeat(MAX_TOKEN_LENGTH) });
    await refused(large, /too long/);
    const fits = await all.ec.sign({ pad: "x".repeat(10_000) });
    expect(await ask(fits)).toBeDefined();
  });

  it("another spelling of a good signature", async () => {
    const token = await all.ec.sign();
    // 64 bytes are 86 characters, the last of which has four bits that say nothing.
    const last = token.at(-1) ?? "";
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const other = alphabet[alphabet.indexOf(last) + 1] ?? "";
    expect(Buffer.from(`${token.slice(-86, -1)}${other}`, "base64url")).toEqual(
      Buffer.from(token.slice(-86), "base64url"),
    );
    await refused(`${token.slice(0, -1)}${other}`);
  });

  it("keys that are too short to be safe", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
    const one = await FakeIssuer.start();
    try {
      one.published = [{ ...publicKey.export({ format: "jwk" }), kid: "short", alg: "RS256" }];
      const input = `${encode({ alg: "RS256", kid: "short" })}.${encode(one.claims())}`;
      const token = `${input}.${sign("sha256", Buffer.from(input), privateKey).toString("base64url")}`;
      await expect(ask(token, jwt({ issuer: one.url, audience: AUDIENCE }))).rejects.toThrow(AuthenticationError);
    } finally {
      await one.close();
    }
  });
});
