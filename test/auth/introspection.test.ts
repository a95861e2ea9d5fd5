import { describe, expect, test } from "vitest";
import { type IntrospectionOptions, introspection } from "../../src/auth/introspection.js";
import { AuthenticationError } from "../../src/errors.js";
import { authRequest, bearer, errorOf, refusal } from "./helpers/auth-request.js";
import { ACTIVE, AUDIENCE, asking, CANARY, inSeconds } from "./helpers/introspected.js";

const one = asking();
const { create } = one;

describe("an active token", () => {
  test("is its subject, with its scopes as permissions", async () => {
    const exp = inSeconds(60);
    one.as.tokens.set("good", { ...ACTIVE, exp, roles: ["netops"] });
    const principal = await create().authenticate(bearer("good"));
    expect(principal).toEqual({
      ...{ issuer: one.as.url, subject: "ada", clientId: "cli", roles: ["netops"], expiresAt: exp * 1000 },
      permissions: ["netbox:read", "netbox:write", "netops"],
      claims: { ...ACTIVE, exp, roles: ["netops"] },
    });
    expect(Object.isFrozen(principal) && Object.isFrozen(principal?.permissions)).toBe(true);
  });

  test("is asked for as RFC 7662 says, with this server's credentials in a header", async () => {
    await create({ clientId: "m:c p", clientSecret: "s%e+c&r=e t€" }).authenticate(bearer("good"));
    const [asked] = one.as.asked;
    expect(asked).toMatchObject({ method: "POST", path: "/introspect" });
    expect(asked?.headers).toMatchObject({
      "content-type": expect.stringContaining("application/x-www-form-urlencoded"),
      accept: "application/json",
    });
    expect(Object.fromEntries(asked?.form ?? [])).toEqual({ token: "good", token_type_hint: "access_token" });
    const [scheme, pair = ""] = asked?.headers.authorization?.split(" ") ?? [];
    const [id = "", secret = ""] = Buffer.from(pair, "base64").toString("utf8").split(":");
    const decode = (text: string) => new URLSearchParams(`x=${text}`).get("x");
    expect([scheme, decode(id), decode(secret)]).toEqual(["Basic", "m:c p", "s%e+c&r=e t€"]);
  });

  test("or in the body", async () => {
    await create({ authMethod: "client_secret_post" }).authenticate(bearer("good"));
    expect(one.as.asked[0]?.headers.authorization).toBeUndefined();
    expect(Object.fromEntries(one.as.asked[0]?.form ?? [])).toMatchObject({ client_id: "mcp", client_secret: CANARY });
  });

  test("names somebody: sub, else a user, else a client, each in a way that is never one of the others", async () => {
    const { sub: _sub, ...unnamed } = ACTIVE;
    const answers: readonly [Record<string, unknown>, string][] = [
      [{ ...unnamed, sub: "ada", username: "bob" }, "ada"],
      [{ ...unnamed, username: "ada" }, "username:ada"],
      [{ ...unnamed, client_id: "ada" }, "client:ada"],
      [{ ...unnamed, sub: "", username: "" }, "client:cli"],
    ];
    for (const [index, [answer, subject]] of answers.entries()) {
      one.as.tokens.set(`t${index}`, answer);
      expect(await create().authenticate(bearer(`t${index}`))).toMatchObject({ subject });
    }
  });

  test("permits what a function of the server says, or no wildcard unless told so", async () => {
    one.as.tokens.set("good", { ...ACTIVE, scope: "* netbox:* a" });
    const permissionsOf = async (options: Partial<IntrospectionOptions>) =>
      (await create(options).authenticate(bearer("good")))?.permissions;
    expect(await permissionsOf({})).toEqual(["a"]);
    expect(await permissionsOf({ allowWildcards: true })).toEqual(["*", "netbox:*", "a"]);
    expect(await permissionsOf({ permissions: ({ client_id }) => [`of:${client_id}`, "*"] })).toEqual(["of:cli", "*"]);
    const wrong = create({ permissions: () => "*" as unknown as string[] });
    expect(await refusal(wrong, bearer("good"))).toBeInstanceOf(TypeError);
  });

  test("of one name of several audiences, of several", async () => {
    one.as.tokens.set("good", { ...ACTIVE, aud: ["other", AUDIENCE] });
    const auth = create({ audience: ["mcp", AUDIENCE] });
    expect(await auth.authenticate(bearer("good"))).toMatchObject({ subject: "ada" });
  });
});

describe("[71, 72, S21] no such token", () => {
  test("none at all, another scheme, or what cannot be one: nobody is asked", async () => {
    const auth = create();
    expect(auth.authenticate(authRequest())).toBeUndefined();
    expect(auth.authenticate(authRequest({ authorization: "Basic Zm9v" }))).toBeUndefined();
    for (const header of ["Bearer ", "Bearer a b", "Bearer a, Bearer b", "Bearer a\tb"]) {
      expect(await refusal(auth, authRequest({ authorization: header }))).toBeInstanceOf(AuthenticationError);
    }
    expect(one.as.asked).toEqual([]);
  });

  const { aud: _aud, ...unbound } = ACTIVE;
  const { sub: _sub, client_id: _client, ...nameless } = ACTIVE;
  test.each<[string, () => Record<string, unknown>, RegExp]>([
    ["not active, whatever else is said", () => ({ ...ACTIVE, active: false }), /not active/],
    ["expired", () => ({ ...ACTIVE, exp: inSeconds(-1) }), /expired/],
    ["not valid yet", () => ({ ...ACTIVE, nbf: inSeconds(60) }), /not valid yet/],
    ["an end that is no time", () => ({ ...ACTIVE, exp: "2099" }), /exp that is no time/],
    ["an end of null", () => ({ ...ACTIVE, exp: null }), /exp that is no time/],
    ["of another audience", () => ({ ...ACTIVE, aud: "https://other.example" }), /another audience/],
    ["of an audience that begins alike", () => ({ ...ACTIVE, aud: `${AUDIENCE}/` }), /another audience/],
    ["of other audiences", () => ({ ...ACTIVE, aud: ["a", { toString: () => AUDIENCE }] }), /another audience/],
    ["of no audience", () => unbound, /another audience/],
    ["of nobody", () => nameless, /no subject/],
    ["of somebody with an endless name", () => ({ ...ACTIVE, sub: "x".repeat(1025) }), /too long/],
    ["bound to a key (DPoP)", () => ({ ...ACTIVE, token_type: "DPoP" }), /no bearer token/],
    ["bound to a key", () => ({ ...ACTIVE, cnf: { jkt: "x" } }), /no bearer token/],
    ["a refresh token", () => ({ ...ACTIVE, typ: "Refresh" }), /no access token/],
    ["a refresh token, said otherwise", () => ({ ...ACTIVE, token_use: "refresh_token" }), /no access token/],
    ["an ID token", () => ({ ...ACTIVE, typ: "ID" }), /no access token/],
  ])("%s", async (_what, answer, message) => {
    one.as.tokens.set("bad", answer());
    const error = await refusal(create(), bearer("bad"));
    expect(error).toBeInstanceOf(AuthenticationError);
    expect(error.message).toMatch(message);
  });

  test("of another issuer, when one is named", async () => {
    const auth = create({ issuer: one.as.issuer });
    one.as.tokens.set("bad", { ...ACTIVE, iss: `${one.as.issuer}/` });
    expect((await refusal(auth, bearer("bad"))).message).toMatch(/another issuer/);
    one.as.tokens.set("right", { ...ACTIVE, iss: one.as.issuer });
    expect(await auth.authenticate(bearer("right"))).toMatchObject({ issuer: one.as.issuer, subject: "ada" });
    expect(await auth.authenticate(bearer("good"))).toMatchObject({ issuer: one.as.issuer });
  });

  test("clocks may differ a little for the beginning, not for the end; usual marks are no fault", async () => {
    one.as.tokens.set("new", {
      ...ACTIVE,
      nbf: inSeconds(20),
      token_type: "bearer",
      typ: "Bearer",
      token_use: "access",
    });
    expect(await create().authenticate(bearer("new"))).toMatchObject({ subject: "ada" });
  });
});

describe("options that cannot work", () => {
  const url = "https://login.example.com/introspect";
  const rest = { clientId: "mcp", clientSecret: CANARY, audience: AUDIENCE };
  test.each<[string, unknown, RegExp]>([
    ["no options", undefined, /needs options/],
    ["neither endpoint nor issuer", rest, /url or issuer/],
    ["no URL", { ...rest, url: "login" }, /https/],
    ["http to another machine", { ...rest, url: "http://login.example.com/" }, /https/],
    ["an issuer of http", { ...rest, issuer: "http://login.example.com/" }, /https/],
    ["credentials in the URL", { ...rest, url: "https://mcp:x@login.example.com/" }, /no credentials/],
    ["no client", { ...rest, url, clientId: "" }, /clientId/],
    ["no secret", { ...rest, url, clientSecret: "" }, /clientSecret/],
    ["no audience", { ...rest, url, audience: undefined }, /audience/],
    ["no audiences", { ...rest, url, audience: [] }, /audience/],
    ["another method", { ...rest, url, authMethod: "none" }, /authMethod/],
    ["a misspelt option", { ...rest, url, audiences: [AUDIENCE] }, /unknown option audiences/],
    ["a time that is none", { ...rest, url, cacheSeconds: Number.NaN }, /cacheSeconds/],
    ["permissions that are no function", { ...rest, url, permissions: ["*"] }, /permissions/],
  ])("%s", (_what, options, message) => {
    const error = errorOf(() => introspection(options as IntrospectionOptions));
    expect(error).toMatchObject({ code: "ERR_CONFIG", message: expect.stringMatching(message) });
    expect(error.message).not.toContain(CANARY);
  });

  test("http is possible where nobody else is", () => {
    expect(() => introspection({ ...rest, url: "http://keycloak:8080/i", allowInsecureIssuer: true })).not.toThrow();
  });
});
