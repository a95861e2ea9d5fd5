import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import fc from "fast-check";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { type SharedSecretOptions, sharedSecret } from "../../src/auth/shared-secret.js";
import { AuthenticationError } from "../../src/errors.js";
import { McpServer } from "../../src/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { type Served, serve } from "../faults/helpers/server.js";
import { modernRequest, post } from "../support/raw-http.js";
import { authRequest, errorOf, refusal } from "./helpers/auth-request.js";

// The real comparison, watched.
vi.mock("node:crypto", async (original) => {
  const real = await original<typeof import("node:crypto")>();
  return { ...real, timingSafeEqual: vi.fn(real.timingSafeEqual) };
});

const SECRET = "a-secret-of-the-gateway";
const OLDER = "the-secret-of-last-year";
const permissions = ["*"];
const sent = (secret: string) => authRequest({ "x-mcp-token": secret });

describe("who sends the secret", () => {
  test("is one principal, with what the options say and nothing else", () => {
    const auth = sharedSecret({ secret: SECRET, permissions: ["orders:read"], roles: ["gateway"] });
    const principal = auth.authenticate(sent(SECRET));
    expect(principal).toEqual({
      ...{ issuer: "shared-secret", subject: "gateway" },
      ...{ permissions: ["orders:read"], roles: ["gateway"] },
    });
    expect(auth.authenticate(sent(SECRET))).toBe(principal);
    expect(auth).toMatchObject({ scheme: "shared-secret", authenticates: true });
    expect(auth.oauth).toBeUndefined();
  });

  test("may have another name and use another header, in any case", () => {
    const auth = sharedSecret({ secret: SECRET, permissions, header: "X-Gateway-Secret", subject: "edge" });
    expect(auth.authenticate(authRequest({ "x-gateway-secret": SECRET }))).toMatchObject({ subject: "edge" });
    expect(auth.authenticate(sent(SECRET))).toBeUndefined();
  });

  test("may use the older one while secrets are rotated, as the same caller", () => {
    const auth = sharedSecret({ secret: [SECRET, OLDER], permissions });
    expect(auth.authenticate(sent(OLDER))).toBe(auth.authenticate(sent(SECRET)));
  });

  test("cannot be changed by what becomes of the options", () => {
    const granted = ["orders:read"];
    const auth = sharedSecret({ secret: SECRET, permissions: granted });
    granted.push("*");
    expect(auth.authenticate(sent(SECRET))).toMatchObject({ permissions: ["orders:read"] });
  });
});

describe("[S21] who does not", () => {
  const auth = sharedSecret({ secret: [SECRET, OLDER], permissions });

  test("is unknown without the header, and refused with anything else in it", async () => {
    expect(auth.authenticate(authRequest())).toBeUndefined();
    expect(auth.authenticate(authRequest({ authorization: `Bearer ${SECRET}` }))).toBeUndefined();
    const wrong = [
      ...["", " ", SECRET.slice(1), SECRET.slice(0, -1), `${SECRET} `, ` ${SECRET}`, SECRET.toUpperCase()],
      ...[
        `${SECRET}, ${SECRET}`,
        `${SECRET},${OLDER}`,
        `${SECRET}\0`,
        `Bearer ${SECRET}`,
        createHash("sha256").update(SECRET).digest("hex"),
      ],
    ];
    for (const value of wrong) {
      const error = await refusal(auth, sent(value));
      expect(error).toBeInstanceOf(AuthenticationError);
      expect(error.message).toBe("The shared secret is wrong.");
    }
  });

  test("finds nothing by trying", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 64 }), (value) => {
        fc.pre(value !== SECRET && value !== OLDER);
        expect(() => auth.authenticate(sent(value))).toThrow(AuthenticationError);
      }),
    );
  });
});

describe("[S30] the comparison", () => {
  const compare = vi.mocked(timingSafeEqual);
  beforeEach(() => {
    compare.mockClear();
  });

  test.each([
    ["the first of three", 0],
    ["the last of three", 2],
    ["none of them", 3],
  ])("takes all secrets, in constant time each, when the one sent is %s", (_what, index) => {
    const secrets = [SECRET, OLDER, "the-secret-before-that"];
    const auth = sharedSecret({ secret: secrets, permissions });
    try {
      auth.authenticate(sent(secrets[index] ?? "x"));
    } catch {
      // Refused; what is of interest is how.
    }
    expect(compare).toHaveBeenCalledTimes(3);
    for (const [one, other] of compare.mock.calls) expect([one.byteLength, other.byteLength]).toEqual([32, 32]);
  });
});

describe("options that cannot work", () => {
  const wrong: readonly [string, unknown, RegExp][] = [
    ["no options", undefined, /needs options/],
    ["no secret", { permissions }, /secret/],
    ["an unset variable", { secret: "", permissions }, /secret/],
    ["a short secret", { secret: "only-15-letters", permissions }, /at least 16/],
    ["a short one among others", { secret: [SECRET, "short"], permissions }, /at least 16/],
    ["no secrets", { secret: [], permissions }, /empty/],
    ["a secret with spaces", { secret: "correct horse battery staple", permissions }, /no spaces/],
    ["no permissions", { secret: SECRET }, /permissions/],
    ["permissions as text", { secret: SECRET, permissions: "*" }, /permissions/],
    ["the header of bearer tokens", { secret: SECRET, permissions, header: "Authorization" }, /apiKeys/],
    ["a header that is none", { secret: SECRET, permissions, header: "x mcp" }, /header/],
    ["a misspelt option", { secret: SECRET, permissions, headers: "x-token" }, /unknown option headers/],
  ];
  test.each(wrong)("%s", (_what, options, message) => {
    const error = errorOf(() => sharedSecret(options as SharedSecretOptions));
    expect(error).toMatchObject({ code: "ERR_CONFIG", message: expect.stringMatching(message) });
  });

  test("are named without the secret", () => {
    const short = randomBytes(5).toString("hex");
    expect(errorOf(() => sharedSecret({ secret: short, permissions })).message).not.toContain(short);
  });
});

describe("[77] in a server", () => {
  test("the header opens the door, twice the header does not", async () => {
    const auth = sharedSecret({ secret: SECRET, permissions: ["orders:read"] });
    const mcp = new McpServer({ name: "secret", version: "1.0.0" }, { auth, logger: silentLogger });
    mcp.registerTool("whoami", { requires: "orders:read" }, ({ principal }) => principal.subject);
    const served: Served = await serve(mcp);
    try {
      const { message, headers } = modernRequest("tools/call", { name: "whoami", arguments: {} });
      const status = async (more: Record<string, string>) =>
        (await post(served.url, message, { headers: { ...headers, ...more } })).status;
      expect(await status({ "x-mcp-token": SECRET })).toBe(200);
      expect(await status({})).toBe(401);
      expect(await status({ "x-mcp-token": `${SECRET}x` })).toBe(401);
      const twice = { "x-mcp-token": [SECRET, SECRET] as unknown as string };
      expect(await status(twice)).toBe(401);
    } finally {
      await served.close();
    }
  });
});
