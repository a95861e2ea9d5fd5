/** [72, 73] Where an issuer's metadata are looked for, and which are believed; what clients are told of them. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { metadataUrls } from "../../src/auth/issuer-metadata.js";
import { jwt } from "../../src/auth/jwt.js";
import type { JwtOptions } from "../../src/auth/jwt-options.js";
import { AuthenticationUnavailableError } from "../../src/errors.js";
import { silentLogger } from "../../src/util/logger.js";
import { AUDIENCE, bearer, FakeIssuer } from "./helpers/issuer.js";

describe("places", () => {
  it("of an issuer without a path", () => {
    const places = [
      "https://login.example.com/.well-known/oauth-authorization-server",
      "https://login.example.com/.well-known/openid-configuration",
    ];
    expect(metadataUrls("https://login.example.com")).toEqual(places);
    expect(metadataUrls("https://login.example.com/")).toEqual(places);
  });

  it("of an issuer with a path", () => {
    const places = [
      "https://login.example.com/.well-known/oauth-authorization-server/realms/one",
      "https://login.example.com/.well-known/openid-configuration/realms/one",
      "https://login.example.com/realms/one/.well-known/openid-configuration",
    ];
    expect(metadataUrls("https://login.example.com/realms/one")).toEqual(places);
    expect(metadataUrls("https://login.example.com/realms/one/")).toEqual(places);
  });
});

describe("an issuer", () => {
  const issuers: FakeIssuer[] = [];
  let issuer: FakeIssuer;
  const start = async (path: string) => {
    issuer = await FakeIssuer.start({ path });
    issuers.push(issuer);
  };
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"], now: 1_900_000_000_000 });
  });
  afterEach(async () => {
    vi.useRealTimers();
    await Promise.all(issuers.splice(0).map((one) => one.close()));
  });

  const create = (options: Partial<JwtOptions> = {}) => {
    return jwt({ issuer: issuer.url, audience: AUDIENCE, logger: silentLogger, ...options });
  };
  const ask = async (options: Partial<JwtOptions> = {}) => create(options).authenticate(bearer(await issuer.sign()));
  const unavailable = (asked: Promise<unknown>) => expect(asked).rejects.toThrow(AuthenticationUnavailableError);

  it.each([
    ["", ["/.well-known/oauth-authorization-server"]],
    ["/", ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"]],
    [
      "/realms/one",
      [
        "/.well-known/oauth-authorization-server/realms/one",
        "/.well-known/openid-configuration/realms/one",
        "/realms/one/.well-known/openid-configuration",
      ],
    ],
  ])("with the path %j is asked in order, until one place has them", async (path, asked) => {
    await start(path);
    issuer.metadataAt = (place) => place === asked.at(-1);
    expect(await ask()).toMatchObject({ issuer: issuer.url });
    expect(issuer.metadataRequests).toEqual(asked);
  });

  it("is not believed when the metadata are another's", async () => {
    await start("/realms/one");
    for (const other of [`${issuer.url}/`, issuer.url.replace("one", "two"), undefined, 7, [issuer.url]]) {
      issuer.metadata = { issuer: other };
      await unavailable(ask());
    }
    expect(issuer.keysRequests).toBe(0);
  });

  it.each([undefined, 7, "", "/keys", "file:///etc/passwd", "ftp://127.0.0.1/keys", "data:application/json,{}"])(
    "is not believed when its jwks_uri is %j",
    async (jwks_uri) => {
      await start("");
      issuer.metadata = { jwks_uri };
      await unavailable(ask());
    },
  );

  it("over https may not name keys over http", async () => {
    await start("");
    const url = "https://login.example.com";
    const seen: string[] = [];
    const fetch: typeof globalThis.fetch = async (input) => {
      seen.push(String(input));
      return Response.json({ issuer: url, jwks_uri: "http://127.0.0.1/keys" });
    };
    const auth = create({ issuer: url, fetch });
    await unavailable((async () => auth.authenticate(bearer(await issuer.sign({ iss: url }))))());
    expect(seen).toEqual([`${url}/.well-known/oauth-authorization-server`]);
  });

  it("on loopback may name keys over http elsewhere only when that is said to be safe", async () => {
    await start("");
    const elsewhere = "http://keys.internal:8080/keys";
    issuer.metadata = { jwks_uri: elsewhere };
    const redirected: typeof globalThis.fetch = (input, init) => {
      return fetch(String(input) === elsewhere ? issuer.jwksUri : input, init);
    };
    await unavailable(ask({ fetch: redirected }));
    expect(await ask({ fetch: redirected, allowInsecureIssuer: true })).toBeDefined();
  });

  it("need not have metadata when its keys are named by hand", async () => {
    await start("");
    issuer.metadataAt = () => false;
    const auth = create({ jwksUri: issuer.jwksUri });
    expect(await auth.authenticate(bearer(await issuer.sign()))).toBeDefined();
    expect(issuer.metadataRequests).toEqual([]);
    expect(await auth.oauth?.authorizationServerMetadata?.(issuer.url)).toBeUndefined();
  });

  it("is described to clients by its own document, fetched once", async () => {
    await start("");
    issuer.metadata = { token_endpoint: `${issuer.url}/token` };
    const { oauth, ...auth } = create({ scopes: ["products:read"] });
    expect(oauth).toMatchObject({ authorizationServers: [issuer.url], scopes: ["products:read"] });
    expect(auth).toBeDefined();
    const documents = await Promise.all([1, 2, 3].map(() => oauth?.authorizationServerMetadata?.(issuer.url)));
    expect(documents[0]).toMatchObject({ issuer: issuer.url, token_endpoint: `${issuer.url}/token` });
    expect(issuer.metadataRequests).toHaveLength(1);
    expect(await oauth?.authorizationServerMetadata?.("https://other.example.com")).toBeUndefined();
  });

  it("that is down is not asked by everybody who wants its description", async () => {
    await start("");
    issuer.metadataFault = "error";
    const { oauth } = create();
    const describeIt = () => Promise.resolve(oauth?.authorizationServerMetadata?.(issuer.url));
    for (let caller = 0; caller < 20; caller += 1) await unavailable(describeIt());
    expect(issuer.metadataRequests).toHaveLength(2);
    issuer.metadataFault = undefined;
    vi.setSystemTime(Date.now() + 1000);
    expect(await describeIt()).toMatchObject({ issuer: issuer.url });
  });

  it("of Cognito may name the client in place of an audience, in access tokens alone", async () => {
    await start("");
    const url = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_abc";
    const fetch: typeof globalThis.fetch = async (input, init) => {
      const { pathname } = new URL(String(input));
      if (pathname.endsWith("/jwks.json")) return globalThis.fetch(issuer.jwksUri, init);
      if (!pathname.startsWith("/eu-central-1_abc/")) return new Response(null, { status: 400 });
      return Response.json({ issuer: url, jwks_uri: `${url}/.well-known/jwks.json` });
    };
    const auth = create({ issuer: url, audience: ["app", "https://mcp.example.com"], fetch });
    const asked = async (claims: object) => {
      const token = await issuer.sign({ iss: url, aud: undefined, client_id: "app", token_use: "access", ...claims });
      return auth.authenticate(bearer(token));
    };
    const scope = "https://mcp.example.com/products:read openid";
    expect(await asked({ scope, "cognito:groups": ["buyers"] })).toMatchObject({
      clientId: "app",
      permissions: [...scope.split(" "), "products:read", "buyers"],
      roles: ["buyers"],
    });
    for (const claims of [
      { client_id: "other" },
      { client_id: ["app"] },
      { token_use: undefined },
      { token_use: "id", aud: "app" },
      { aud: "other" },
      { aud: null },
    ]) {
      await expect(asked(claims)).rejects.toThrow(/aud|not an access token/);
    }
  });
});
