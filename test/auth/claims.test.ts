/** What claims permit, by the habits of the usual issuers. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clientOf, deepFreeze, permissionsOf, rolesOf } from "../../src/auth/claims.js";
import { hasPermission } from "../../src/auth/permissions.js";
import type { JsonObject } from "../../src/util/json.js";

const READING = { audiences: ["https://mcp.example.com", "app"], allowWildcards: false };
const permissions = (claims: JsonObject) => permissionsOf(claims, READING);
const parse = (text: string) => JSON.parse(text) as JsonObject;

describe("permissions", () => {
  it.each<[string, JsonObject, readonly string[]]>([
    ["scope as text (RFC 8693, section 4.2)", { scope: "a b  c" }, ["a", "b", "c"]],
    ["scope as a list", { scope: ["a", "b"] }, ["a", "b"]],
    ["scp as text (Entra ID)", { scp: "a b" }, ["a", "b"]],
    ["scp as a list (Okta)", { scp: ["a", "b"] }, ["a", "b"]],
    ["permissions (Auth0)", { scope: "openid", permissions: ["products:read"] }, ["openid", "products:read"]],
    ["roles (Entra ID)", { roles: ["Products.Read"] }, ["Products.Read"]],
    ["roles of the realm (Keycloak)", { realm_access: { roles: ["buyer"] } }, ["buyer"]],
    ["groups (Cognito)", { "cognito:groups": ["admins"] }, ["admins"]],
    ["all of them, each once", { scope: "a", scp: ["a", "b"], permissions: ["b", "c"], roles: ["a"] }, ["a", "b", "c"]],
    ["none", {}, []],
  ])("%s", (_, claims, expected) => expect(permissions(claims)).toEqual(expected));

  it("roles of a client count when the client is an audience of this server (Keycloak)", () => {
    const resource_access = { app: { roles: ["mine"] }, account: { roles: ["theirs"] }, broker: { roles: ["*"] } };
    expect(permissions({ resource_access, azp: "account" })).toEqual(["mine"]);
    expect(rolesOf({ resource_access }, READING)).toEqual(["mine"]);
  });

  it("a scope that begins with an audience counts without it too", () => {
    expect(permissions({ scope: "https://mcp.example.com/a:b app/x appy/z other/y app/ app" })).toEqual([
      ...["https://mcp.example.com/a:b", "app/x", "appy/z", "other/y", "app/", "app"],
      ...["a:b", "x"],
    ]);
    expect(permissionsOf({ scope: "app/x" }, { ...READING, audiences: ["app/"] })).toEqual(["app/x", "x"]);
  });

  it("wildcards in a token grant nothing unless that is allowed", () => {
    const claims = {
      ...{ scope: "* a:* app/* app/b:* c", permissions: ["*", "d:*"], roles: ["*"], scp: ["*"] },
      ...{ realm_access: { roles: ["*"] }, "cognito:groups": ["e:*"] },
    };
    const granted = permissions(claims);
    expect(granted).toEqual(["app/*", "c"]);
    expect(hasPermission(granted, "anything")).toBe(false);
    expect(permissionsOf(claims, { ...READING, allowWildcards: true })).toContain("*");
  });

  it("[S29] members of prototypes are none", () => {
    expect(permissions(parse('{"__proto__":{"scope":"admin","roles":["admin"]}}'))).toEqual([]);
    expect(permissions(parse('{"resource_access":{"__proto__":{"app":{"roles":["admin"]}}}}'))).toEqual([]);
    const reading = { audiences: ["__proto__", "constructor", "toString"], allowWildcards: false };
    expect(permissionsOf({ resource_access: {} }, reading)).toEqual([]);
    expect(permissionsOf(parse('{"resource_access":{"__proto__":{"roles":["a"]}}}'), reading)).toEqual(["a"]);
    expect(permissions({ scope: "__proto__ constructor" })).toEqual(["__proto__", "constructor"]);
  });

  it("are bounded", () => {
    expect(permissions({ scope: Array.from({ length: 5000 }, (_, index) => `p${index}`) })).toHaveLength(1000);
  });
});

describe("the client", () => {
  it.each<[JsonObject, string | undefined]>([
    [{ client_id: "a", azp: "b" }, "a"],
    [{ azp: "b" }, "b"],
    [{ cid: "c" }, "c"],
    [{ appid: "d" }, "d"],
    [{ client_id: 7, azp: "" }, undefined],
    [parse('{"__proto__":{"azp":"x"}}'), undefined],
  ])("of %j", (claims, client) => expect(clientOf(claims)).toBe(client));
});

describe("any claims", () => {
  const NAMES = ["scope", "scp", "permissions", "roles", "realm_access", "resource_access", "cognito:groups", "app"];
  const claims = fc.dictionary(fc.constantFrom(...NAMES, "__proto__"), fc.jsonValue({ maxDepth: 4 })).map((value) => {
    return parse(JSON.stringify(value));
  });

  it("give names and never a wildcard, and are never too odd", () => {
    fc.assert(
      fc.property(claims, (value) => {
        const granted = permissions(value);
        expect(granted.every((name) => typeof name === "string" && name !== "")).toBe(true);
        expect(hasPermission(granted, "something:that:nobody:was:given")).toBe(false);
        expect(rolesOf(value, READING).every((name) => typeof name === "string")).toBe(true);
      }),
      { numRuns: 800 },
    );
  });

  it("can be frozen however deep they are", () => {
    const deep = parse(`{"a":${"[".repeat(7000)}{"b":1}${"]".repeat(7000)}}`);
    let inner: unknown = deepFreeze(deep).a;
    while (Array.isArray(inner)) {
      expect(Object.isFrozen(inner)).toBe(true);
      inner = inner[0];
    }
    expect(Object.isFrozen(inner)).toBe(true);
  });
});
