import { describe, expect, test } from "vitest";
import { anyOf } from "../../src/auth/any-of.js";
import { apiKeys } from "../../src/auth/api-keys.js";
import { type Authenticator, anonymous, custom } from "../../src/auth/authenticator.js";
import type { Principal } from "../../src/auth/principal.js";
import { sharedSecret } from "../../src/auth/shared-secret.js";
import { AuthenticationError, AuthenticationUnavailableError } from "../../src/errors.js";
import { McpServer } from "../../src/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { serve } from "../faults/helpers/server.js";
import { modernRequest, post } from "../support/raw-http.js";
import { authRequest, bearer, errorOf, refusal } from "./helpers/auth-request.js";

const KEY = "key-0123456789abcdef";
const SECRET = "secret-of-the-gateway";
const permissions = ["netbox:read"];
const keys = () => apiKeys({ keys: [{ key: KEY, subject: "ci", permissions }] });
const gateway = () => sharedSecret({ secret: SECRET, permissions });

const principal = (subject: string): Principal => ({ issuer: "test", subject, permissions: [] });
/** An authenticator that does the same with everybody, and counts them. */
function always(does: () => Principal | undefined | Promise<Principal | undefined>) {
  const state = { asked: 0 };
  const auth = custom(() => {
    state.asked += 1;
    return does();
  });
  return { auth, state };
}
const throwing = (error: unknown) => () => {
  throw error;
};

describe("several authenticators", () => {
  test("are asked in order until one knows the caller", () => {
    const later = always(() => principal("later"));
    const auth = anyOf(gateway(), keys(), later.auth);
    expect(auth.authenticate(authRequest({ "x-mcp-token": SECRET }))).toMatchObject({ subject: "gateway" });
    expect(auth.authenticate(bearer(KEY))).toMatchObject({ subject: "ci" });
    expect(later.state.asked).toBe(0);
    expect(auth.authenticate(authRequest())).toMatchObject({ subject: "later" });
  });

  test("may hold the credentials that another one refused, at once or later", async () => {
    const other = apiKeys({ keys: [{ key: "of-somebody-else-1", subject: "other", permissions }] });
    expect(anyOf(other, keys()).authenticate(bearer(KEY))).toMatchObject({ subject: "ci" });
    const slow = custom(() => Promise.reject(new AuthenticationError("Not one of ours.")));
    expect(await anyOf(slow, keys()).authenticate(bearer(KEY))).toMatchObject({ subject: "ci" });
  });

  test("answer at once as long as those do that are asked", async () => {
    const slow = always(async () => principal("slow"));
    const auth = anyOf(keys(), slow.auth);
    expect(auth.authenticate(bearer(KEY))).not.toBeInstanceOf(Promise);
    expect(slow.state.asked).toBe(0);
    expect(await auth.authenticate(authRequest())).toMatchObject({ subject: "slow" });
  });

  test("give the same principal as the one that knows it", () => {
    const own = keys();
    expect(anyOf(gateway(), own).authenticate(bearer(KEY))).toBe(own.authenticate(bearer(KEY)));
  });

  test("inside others are asked as if they stood beside them", () => {
    const other = apiKeys({ keys: [{ key: "of-somebody-else-1", subject: "other", permissions }] });
    const auth = anyOf(anyOf(keys(), anonymous()), other);
    expect(auth.authenticate(bearer(KEY))).toMatchObject({ subject: "ci" });
    expect(auth.authenticate(bearer("of-somebody-else-1"))).toMatchObject({ subject: "other" });
    expect(auth.authenticate(authRequest())).toMatchObject({ subject: "anonymous" });
  });

  test("are at least one", () => {
    expect(errorOf(() => anyOf())).toMatchObject({ code: "ERR_CONFIG" });
  });

  test("are named together", () => {
    expect(anyOf(keys(), gateway(), keys()).scheme).toBe("api-key|shared-secret");
  });
});

describe("[74, S21] when nobody accepts", () => {
  const refused = new AuthenticationError("The first one's reason.");
  const second = new AuthenticationError("The second one's reason.");
  const down = new AuthenticationUnavailableError("The issuer does not answer.");
  const broken = new TypeError("broken");

  test.each<[string, readonly unknown[], unknown]>([
    ["the first refusal is told", [refused, second], refused],
    ["a failure is a refusal", [broken], broken],
    ["a refusal says more than a failure", [broken, refused], refused],
    ["one that could not find out may be asked again", [refused, down, second], down],
    ["the same before a failure", [broken, down], down],
  ])("%s", async (_what, errors, told) => {
    const atOnce = anyOf(...errors.map((error) => custom(throwing(error))));
    expect(await refusal(atOnce, authRequest())).toBe(told);
    const later = anyOf(...errors.map((error) => custom(async () => throwing(error)())));
    expect(await refusal(later, authRequest())).toBe(told);
  });

  test("even undefined can be thrown, and refuses", () => {
    let answer: unknown = "nothing thrown";
    try {
      answer = anyOf(custom(throwing(undefined)), anonymous()).authenticate(authRequest());
    } catch (error) {
      answer = error;
    }
    expect(answer).toBeUndefined();
    // Not the anonymous principal; whoever asks was refused.
  });

  test("without credentials the caller is unknown", async () => {
    expect(anyOf(keys(), gateway()).authenticate(authRequest())).toBeUndefined();
    expect(
      await anyOf(
        custom(async () => undefined),
        keys(),
      ).authenticate(authRequest()),
    ).toBeUndefined();
  });

  test("what is no principal ends the search: the server refuses it", () => {
    const garbage = custom(() => null as unknown as undefined);
    expect(anyOf(garbage, anonymous()).authenticate(authRequest())).toBeNull();
  });
});

describe("[S21] bad credentials never become the anonymous caller", () => {
  const failures: readonly [string, Authenticator][] = [
    ["refuses", custom(throwing(new AuthenticationError("no")))],
    ["refuses later", custom(async () => throwing(new AuthenticationError("no"))())],
    ["is unavailable", custom(throwing(new AuthenticationUnavailableError("down")))],
    ["is unavailable later", custom(async () => throwing(new AuthenticationUnavailableError("down"))())],
    ["fails", custom(throwing(new TypeError("broken")))],
    ["fails later", custom(async () => throwing(new TypeError("broken"))())],
  ];
  const places: readonly [string, (bad: Authenticator, open: Authenticator) => Authenticator][] = [
    ["before it", (bad, open) => anyOf(bad, open)],
    ["after it", (bad, open) => anyOf(open, bad)],
    ["beside others", (bad, open) => anyOf(keys(), open, bad, gateway())],
    ["inside another", (bad, open) => anyOf(anyOf(bad, open), keys())],
    ["outside another", (bad, open) => anyOf(anyOf(keys(), open), bad)],
  ];
  for (const [what, bad] of failures) {
    test.each(places)(`one that ${what}, %s`, async (_where, build) => {
      let asked = 0;
      const open: Authenticator = {
        ...anonymous(),
        authenticate: () => {
          asked += 1;
          return principal("anonymous");
        },
      };
      await refusal(build(bad, open), authRequest());
      expect(asked).toBe(0);
    });
  }

  test("nor does a token that an authenticator of somebody's own answers with undefined", () => {
    const own = custom(() => undefined);
    expect(anyOf(own, anonymous()).authenticate(bearer("expired"))).toBeUndefined();
    expect(anyOf(keys(), anonymous()).authenticate(authRequest({ authorization: "Basic Zm9v" }))).toBeUndefined();
    expect(anyOf(own, anonymous()).authenticate(authRequest())).toMatchObject({ subject: "anonymous" });
  });

  test("whoever is asked for no proof comes last, wherever it stands", () => {
    const auth = anyOf(anonymous({ permissions: ["a"] }), keys());
    expect(auth.authenticate(bearer(KEY))).toMatchObject({ subject: "ci" });
    expect(auth.authenticate(authRequest())).toMatchObject({ subject: "anonymous", permissions: ["a"] });
  });

  test("in a server: 200 with good ones and without, 401 with bad ones, and no handler runs", async () => {
    let calls = 0;
    const auth = anyOf(keys(), gateway(), anonymous());
    const mcp = new McpServer({ name: "any", version: "1.0.0" }, { auth, logger: silentLogger });
    mcp.registerTool("whoami", {}, (ctx) => {
      calls += 1;
      return ctx.principal.subject;
    });
    const served = await serve(mcp);
    try {
      const { message, headers } = modernRequest("tools/call", { name: "whoami", arguments: {} });
      const ask = (more: Record<string, string>) => post(served.url, message, { headers: { ...headers, ...more } });
      expect((await ask({})).reply?.result).toMatchObject({ content: [{ text: "anonymous" }] });
      expect((await ask({ "x-mcp-token": SECRET })).reply?.result).toMatchObject({ content: [{ text: "gateway" }] });
      const bad: readonly Record<string, string>[] = [
        { authorization: "Bearer wrong-0123456789abcdef" },
        { authorization: "Bearer" },
        { authorization: "Basic Zm9v" },
        { authorization: `Bearer ${KEY}, Bearer ${KEY}` },
        { "x-mcp-token": "wrong-0123456789abcdef" },
      ];
      for (const headersOf of bad) expect((await ask(headersOf)).status).toBe(401);
      expect(calls).toBe(2);
    } finally {
      await served.close();
    }
  });
});

describe("what is said of all", () => {
  const issuer = (name: string, scopes?: readonly string[], described = true): Authenticator => ({
    ...custom(() => undefined),
    oauth: {
      authorizationServers: [`https://${name}.example`],
      ...(scopes !== undefined && { scopes }),
      ...(described && { authorizationServerMetadata: async (of: string) => ({ issuer: of, from: name }) }),
    },
  });

  test("authenticates: only if all of them do", () => {
    expect(anyOf(keys(), gateway()).authenticates).toBe(true);
    expect(anyOf(keys(), anonymous()).authenticates).toBe(false);
    expect(anyOf(anyOf(keys(), anonymous()), gateway()).authenticates).toBe(false);
  });

  test("oauth: all servers, all scopes, the metadata of each from whoever has it", async () => {
    const auth = anyOf(keys(), issuer("a", ["x", "y"], false), issuer("b", ["y", "z"]), issuer("c"));
    expect(auth.oauth).toMatchObject({
      authorizationServers: ["https://a.example", "https://b.example", "https://c.example"],
      scopes: ["x", "y", "z"],
    });
    const metadata = (of: string) => auth.oauth?.authorizationServerMetadata?.(of);
    expect(await metadata("https://b.example")).toMatchObject({ from: "b" });
    expect(await metadata("https://c.example")).toMatchObject({ from: "c" });
    expect(await metadata("https://a.example")).toBeUndefined();
    expect(await metadata("https://elsewhere.example")).toBeUndefined();
  });

  test("oauth: as it is when one has it, none when nobody has, no scopes when nobody names any", () => {
    const one = issuer("a");
    expect(anyOf(keys(), one).oauth).toBe(one.oauth);
    expect(anyOf(keys(), gateway()).oauth).toBeUndefined();
    const two = anyOf(issuer("a", undefined, false), issuer("b", undefined, false)).oauth;
    expect(two).toEqual({ authorizationServers: ["https://a.example", "https://b.example"] });
  });
});
