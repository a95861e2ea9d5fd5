/** Options that would leave a check out are refused when the server is made. */
import { describe, expect, it } from "vitest";
import { jwt } from "../../src/auth/jwt.js";
import { JWT_ALGORITHMS, type JwtOptions } from "../../src/auth/jwt-options.js";
import { HoldfastError } from "../../src/errors.js";

const GOOD: JwtOptions = { issuer: "https://login.example.com", audience: "https://mcp.example.com" };

function codeOf(options: unknown): unknown {
  try {
    jwt(options as JwtOptions);
  } catch (error) {
    return error instanceof HoldfastError ? error.code : error;
  }
  return undefined;
}

describe("jwt()", () => {
  it.each<object>([
    {},
    { issuer: ["https://a.example.com", "https://b.example.com/x/"], audience: ["a", "b"] },
    { issuer: "http://localhost:8080/realms/x" },
    { issuer: "http://127.0.0.1:8080" },
    { issuer: "http://[::1]:8080" },
    { issuer: "http://keycloak:8080", allowInsecureIssuer: true },
    { jwksUri: "https://login.example.com/keys?version=2" },
    { algorithms: ["ES256"], typ: ["at+jwt", "JWT"], clockToleranceSeconds: 0, maxTokenAgeSeconds: 60, scopes: ["a"] },
    { cacheMaxAgeSeconds: 1, staleSeconds: 0, cooldownSeconds: 1, timeoutMs: 1 },
    { jwksUri: undefined, scopes: undefined },
  ])("takes %j", (options) => expect(codeOf({ ...GOOD, ...options })).toBeUndefined());

  it.each<object>([
    { audience: undefined },
    { audience: "" },
    { audience: [] },
    { audience: [""] },
    { audience: 7 },
    { audiance: "x" },
    { issuer: undefined },
    { issuer: [] },
    { issuer: "login.example.com" },
    { issuer: "http://login.example.com" },
    { issuer: "http://localhost.example.com" },
    { issuer: "http://127.0.0.1.example.com" },
    { issuer: "ftp://login.example.com", allowInsecureIssuer: true },
    { issuer: "https://login.example.com?tenant=1" },
    { issuer: "https://login.example.com#x" },
    { issuer: "https://user:password@login.example.com" },
    { jwksUri: "http://login.example.com/keys" },
    { jwksUri: "/keys" },
    { jwksUri: "https://x.example.com/keys", issuer: ["https://a.example.com", "https://b.example.com"] },
    { algorithms: [] },
    { algorithms: ["HS256"] },
    { algorithms: ["ES256", "none"] },
    { algorithms: "RS256 " },
    { typ: [] },
    { clockToleranceSeconds: -1 },
    { clockToleranceSeconds: 301 },
    { clockToleranceSeconds: "60" },
    { clockToleranceSeconds: Number.NaN },
    { maxTokenAgeSeconds: 0 },
    { maxTokenAgeSeconds: Number.NaN },
    { cacheMaxAgeSeconds: 0 },
    { staleSeconds: -1 },
    { cooldownSeconds: 0 },
    { timeoutMs: Number.POSITIVE_INFINITY },
    { permissions: ["a"] },
    { scopes: "" },
  ])("refuses %j", (options) => expect(codeOf({ ...GOOD, ...options })).toBe("ERR_CONFIG"));

  it("refuses what are no options", () => {
    for (const options of [undefined, null, "https://login.example.com", []])
      expect(codeOf(options)).toBe("ERR_CONFIG");
  });

  it("says what is wrong, without passwords", () => {
    expect(() => jwt({ ...GOOD, algorithms: ["HS256"] })).toThrow(/HS256.*RS256/);
    expect(() => jwt({ ...GOOD, issuer: "http://u:geheim@login.example.com" })).not.toThrow(/geheim/);
  });

  it("knows algorithms with a private key alone", () => {
    expect(JWT_ALGORITHMS.filter((name) => /^(?:HS|none)/i.test(name))).toEqual([]);
  });
});
