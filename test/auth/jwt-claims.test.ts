/** [72] Whose token it is, for whom, and when: `iss`, `aud`, `exp`, `nbf`, `iat`, `sub`, and tokens of another kind. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Authenticator } from "../../src/auth/authenticator.js";
import { jwt } from "../../src/auth/jwt.js";
import type { JwtOptions } from "../../src/auth/jwt-options.js";
import { AuthenticationError } from "../../src/errors.js";
import { AUDIENCE, bearer, FakeIssuer } from "./helpers/issuer.js";

const NOW = 1_900_000_000;
const TOLERANCE = 60;

let issuer: FakeIssuer;
let auth: Authenticator;
beforeAll(async () => {
  issuer = await FakeIssuer.start({ path: "/tenant" });
});
afterAll(() => issuer.close());
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOW * 1000 });
  auth = create();
});
afterEach(() => vi.useRealTimers());

const create = (options: Partial<JwtOptions> = {}) => jwt({ issuer: issuer.url, audience: AUDIENCE, ...options });

async function accepted(claims: Record<string, unknown>, by: Authenticator = auth): Promise<void> {
  expect(await by.authenticate(bearer(await issuer.sign(claims)))).toBeDefined();
}

async function refused(claims: Record<string, unknown>, message: RegExp, by: Authenticator = auth): Promise<void> {
  const token = await issuer.sign(claims);
  const error = await Promise.resolve()
    .then(() => by.authenticate(bearer(token)))
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(AuthenticationError);
  expect((error as Error).message).toMatch(message);
  // It ends in a header and in logs: nothing of the token, nothing that a header cannot hold.
  expect((error as Error).message).toMatch(/^[\x20-\x7e]{10,120}$/);
  expect((error as Error).cause).toBeUndefined();
}

describe("the audience", () => {
  it.each([undefined, "https://other.example.com", "", [], ["https://other.example.com"], 7, null, { 0: AUDIENCE }])(
    "%j is refused",
    (aud) => refused({ aud }, /aud/),
  );

  it.each([
    `${AUDIENCE}/`,
    AUDIENCE.toUpperCase(),
    `${AUDIENCE} `,
    `${AUDIENCE}.evil.test`,
    AUDIENCE.slice(0, -1),
    [[AUDIENCE]],
  ])("%j is another one", (aud) => refused({ aud }, /aud/));

  it("may be one of several, on both sides", async () => {
    await accepted({ aud: ["https://other.example.com", AUDIENCE] });
    const two = create({ audience: ["api://one", "api://two"] });
    await accepted({ aud: "api://two" }, two);
    await accepted({ aud: ["x", "api://one"] }, two);
    await refused({}, /aud/, two);
  });

  it("may be a client only where Cognito leaves the audience out", async () => {
    await refused({ aud: undefined, client_id: AUDIENCE, token_use: "access" }, /aud/);
  });
});

describe("the issuer", () => {
  it("is compared letter by letter", async () => {
    const { url } = issuer;
    for (const iss of [`${url}/`, url.toUpperCase(), url.replace("http:", "HTTP:"), `${url}/x`, ` ${url}`, `${url}?`]) {
      await refused({ iss }, /iss/);
    }
    await refused({ iss: url.replace("127.0.0.1", "localhost") }, /iss/);
    await refused({ iss: url.slice(0, -1) }, /iss/);
  });

  it.each([undefined, null, 7, {}, "__proto__", "constructor"])("%j is none", (iss) => refused({ iss }, /iss/));

  it("may be a list in no token", () => refused({ iss: [issuer.url] }, /iss/));
});

describe("time", () => {
  it("a token must have an end", async () => {
    for (const exp of [undefined, null, `${NOW + 60}`, {}, [NOW + 60]]) await refused({ exp }, /exp/);
  });

  it("an end in milliseconds, or without end, is none", async () => {
    await refused({ exp: (NOW + 60) * 1000 }, /exp/);
    await refused({ exp: 1e300 }, /exp/);
    const endless = JSON.stringify(issuer.claims({ exp: 7 })).replace('"exp":7', '"exp":1e999');
    const asked = async () => auth.authenticate(bearer(await issuer.sign({}, { payload: endless })));
    await expect(asked).rejects.toThrow(/exp/);
  });

  it("it ends with its `exp`, within the tolerance to the second", async () => {
    await refused({ exp: NOW - TOLERANCE }, /expired/);
    await accepted({ exp: NOW - TOLERANCE + 1 });
    await refused({ exp: 0 }, /expired/);
    await refused({ exp: -1 }, /expired/);
    await refused({ exp: NOW }, /expired/, create({ clockToleranceSeconds: 0 }));
    await accepted({ exp: NOW + 1 }, create({ clockToleranceSeconds: 0 }));
  });

  it("it begins with its `nbf`", async () => {
    await refused({ nbf: NOW + TOLERANCE + 1 }, /nbf/);
    await accepted({ nbf: NOW + TOLERANCE });
    await refused({ nbf: `${NOW}` }, /nbf/);
  });

  it("it is not from the future", async () => {
    await refused({ iat: NOW + TOLERANCE + 1 }, /iat/);
    await accepted({ iat: NOW + TOLERANCE });
    await accepted({ iat: undefined });
    await refused({ iat: "now" }, /iat/);
  });

  it("it may be bound to an age", async () => {
    const young = create({ maxTokenAgeSeconds: 120 });
    await accepted({ iat: NOW - 120 }, young);
    await refused({ iat: NOW - 120 - TOLERANCE - 1 }, /iat/, young);
    await refused({ iat: undefined }, /iat/, young);
    await accepted({ iat: NOW - 100_000 });
  });

  it("a token that is known ends as well", async () => {
    const token = await issuer.sign({ exp: NOW + 100 });
    const principal = await auth.authenticate(bearer(token));
    expect(principal?.expiresAt).toBe((NOW + 100 + TOLERANCE) * 1000);
    vi.setSystemTime((NOW + 100 + TOLERANCE) * 1000 - 1);
    expect(auth.authenticate(bearer(token))).toBe(principal);
    vi.setSystemTime((NOW + 100 + TOLERANCE) * 1000);
    await expect(async () => auth.authenticate(bearer(token))).rejects.toThrow(/expired/);
  });

  it("also by its age, and when the clock is set back before its beginning", async () => {
    const young = create({ maxTokenAgeSeconds: 120 });
    const token = await issuer.sign({ exp: NOW + 500, nbf: NOW });
    const principal = await young.authenticate(bearer(token));
    expect(principal?.expiresAt).toBe((NOW + 120 + TOLERANCE) * 1000);
    vi.setSystemTime((NOW - TOLERANCE - 1) * 1000);
    await expect(async () => young.authenticate(bearer(token))).rejects.toThrow(/nbf|iat/);
    vi.setSystemTime((NOW + 120 + TOLERANCE + 1) * 1000);
    await expect(async () => young.authenticate(bearer(token))).rejects.toThrow(/older/);
  });
});

describe("the subject", () => {
  it.each([undefined, "", null, 7, {}, ["ada"], "x".repeat(1025)])("%j is none", (sub) => refused({ sub }, /sub/));

  it("is never taken from the client, which many users share", async () => {
    await refused({ sub: undefined, client_id: "app", azp: "app" }, /sub/);
  });
});

describe("tokens of another kind with the same keys and audience", () => {
  it.each([
    { token_use: "id" },
    { token_use: ["access"] },
    { at_hash: "x" },
    { c_hash: "x" },
    { events: {} },
    { typ: "ID" },
    { typ: "Refresh" },
    { typ: "Offline" },
    { typ: "Logout" },
  ])("%j", (claims) => refused(claims, /not an access token/));

  it("tokens that are bound to a key of the client", async () => {
    await refused({ cnf: { jkt: "x" } }, /bound/);
    await refused({ cnf: { "x5t#S256": "x" } }, /bound/);
  });

  it("but access tokens that say so", async () => {
    await accepted({ token_use: "access" });
    await accepted({ typ: "Bearer" });
  });
});

describe("what the server makes of claims", () => {
  it("may be said by a function, whose wildcards count", async () => {
    const by = create({ permissions: ({ team }) => (team === "noc" ? ["netbox:*", "netbox:*"] : []) });
    const principal = await by.authenticate(bearer(await issuer.sign({ team: "noc", roles: ["admin"] })));
    expect(principal).toMatchObject({ permissions: ["netbox:*"], roles: ["admin"] });
  });

  it.each([undefined, "*", [7], { 0: "*" }, Promise.resolve(["*"])])(
    "a function that says %j lets nobody in",
    async (odd) => {
      const by = create({ permissions: () => odd as unknown as readonly string[] });
      await expect(async () => by.authenticate(bearer(await issuer.sign()))).rejects.toThrow(AuthenticationError);
    },
  );

  it("[S21] neither does one that throws", async () => {
    const by = create({
      permissions: () => {
        throw new Error("secret of the server");
      },
    });
    const asked = Promise.resolve(by.authenticate(bearer(await issuer.sign())));
    await expect(asked).rejects.toThrow(AuthenticationError);
    await expect(asked).rejects.not.toThrow(/secret/);
  });
});
