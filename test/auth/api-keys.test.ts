import { createHash } from "node:crypto";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type ApiKey, hashApiKey } from "../../src/auth/api-key-table.js";
import { type ApiKeysOptions, apiKeys } from "../../src/auth/api-keys.js";
import { AuthenticationError } from "../../src/errors.js";
import { McpServer } from "../../src/index.js";
import type { Logger } from "../../src/util/logger.js";
import { serve } from "../faults/helpers/server.js";
import { modernRequest, post } from "../support/raw-http.js";
import { authRequest, bearer, errorOf, refusal } from "./helpers/auth-request.js";

const CI = "ci-key-0123456789";
const CI_NEXT = "ci-key-of-next-year";
const BOT = "bot-key-0123456789";
const permissions = ["netbox:read"];

afterEach(() => {
  vi.useRealTimers();
});

describe("a key", () => {
  const auth = apiKeys({
    keys: [
      { key: CI, subject: "ci", permissions, name: "2025" },
      { key: CI_NEXT, subject: "ci", permissions, name: "2026" },
      { hash: hashApiKey(BOT).toUpperCase(), subject: "bot", permissions: ["*"], roles: ["admin"] },
    ],
  });

  test("is its caller, by itself or by its hash, and always the same object", () => {
    expect(auth.authenticate(bearer(CI))).toEqual({ issuer: "api-key", subject: "ci", permissions, clientId: "2025" });
    expect(auth.authenticate(bearer(BOT))).toEqual({
      ...{ issuer: "api-key", subject: "bot" },
      ...{ permissions: ["*"], roles: ["admin"] },
    });
    expect(auth.authenticate(bearer(CI))).toBe(auth.authenticate(bearer(CI)));
    expect(auth).toMatchObject({ scheme: "api-key", authenticates: true });
  });

  test("can be replaced by another of the same caller", () => {
    expect(auth.authenticate(bearer(CI_NEXT))).toMatchObject({ subject: "ci", clientId: "2026" });
  });

  test("[S21] that nobody has is refused; without one the caller is unknown", async () => {
    expect(auth.authenticate(authRequest())).toBeUndefined();
    expect(auth.authenticate(authRequest({ authorization: "Basic Y2k6a2V5" }))).toBeUndefined();
    expect(auth.authenticate(authRequest({ "x-api-key": CI }))).toBeUndefined();
    for (const wrong of [`${CI}x`, CI.slice(1), CI.toUpperCase(), hashApiKey(CI), "__proto__", "constructor"]) {
      const error = await refusal(auth, bearer(wrong));
      expect(error).toBeInstanceOf(AuthenticationError);
      expect(error.message).toBe("The API key is not known.");
    }
    expect(await refusal(auth, authRequest({ authorization: `Bearer ${CI}, Bearer ${CI}` }))).toBeInstanceOf(
      AuthenticationError,
    );
  });

  test("[S30] is looked up by its digest; the table holds no key", () => {
    expect(hashApiKey(CI)).toBe(createHash("sha256").update(CI).digest("hex"));
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9._~+/-]{1,80}$/), (key) => {
        fc.pre(![CI, CI_NEXT, BOT].includes(key));
        expect(() => auth.authenticate(bearer(key))).toThrow(AuthenticationError);
      }),
    );
  });

  test("ends when it says so", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.parse("2026-01-31T23:59:59Z") });
    for (const expiresAt of ["2026-02-01T00:00:00Z", new Date("2026-02-01T00:00:00Z"), 1_769_904_000_000]) {
      vi.setSystemTime(Date.parse("2026-01-31T23:59:59Z"));
      const ending = apiKeys({ keys: [{ key: CI, subject: "ci", permissions, expiresAt }] });
      expect(ending.authenticate(bearer(CI))).toMatchObject({ expiresAt: 1_769_904_000_000 });
      vi.setSystemTime(1_769_904_000_000);
      const error = await refusal(ending, bearer(CI));
      expect(error).toBeInstanceOf(AuthenticationError);
      expect(error.message).toBe("The API key has expired.");
    }
  });
});

describe("headers", () => {
  const keys: ApiKey[] = [
    { key: CI, subject: "ci", permissions },
    { key: BOT, subject: "bot", permissions },
  ];

  test("one of their own", async () => {
    const auth = apiKeys({ keys, header: "X-API-Key" });
    expect(auth.authenticate(authRequest({ "x-api-key": CI }))).toMatchObject({ subject: "ci" });
    expect(auth.authenticate(bearer(CI))).toBeUndefined();
    for (const wrong of ["", `Bearer ${CI}`, `${CI}, ${CI}`]) {
      expect(await refusal(auth, authRequest({ "x-api-key": wrong }))).toBeInstanceOf(AuthenticationError);
    }
  });

  test("several, of which one request uses one, or says the same in both", async () => {
    const auth = apiKeys({ keys, header: ["authorization", "x-api-key"] });
    expect(auth.authenticate(authRequest({ "x-api-key": CI }))).toMatchObject({ subject: "ci" });
    expect(auth.authenticate(bearer(BOT))).toMatchObject({ subject: "bot" });
    const both = (own: string) => authRequest({ authorization: `Bearer ${CI}`, "x-api-key": own });
    expect(auth.authenticate(both(CI))).toMatchObject({ subject: "ci" });
    expect((await refusal(auth, both(BOT))).message).toBe("The request has two API keys.");
    expect(await refusal(auth, both(""))).toBeInstanceOf(AuthenticationError);
  });
});

describe("options that cannot work", () => {
  const key = { key: CI, subject: "ci", permissions };
  const wrong: readonly [string, unknown, RegExp][] = [
    ["no options", undefined, /needs options/],
    ["no keys", {}, /keys must be a list/],
    ["a misspelt option", { keys: [], refresh: 1 }, /unknown option refresh/],
    [
      "a misspelt member, which would let the key live for ever",
      { keys: [{ ...key, expires: 1 }] },
      /unknown option expires/,
    ],
    ["an unset variable", { keys: [{ ...key, key: "" }] }, /keys\[0\]\.key .* at least 16/],
    ["a hash that is none", { keys: [{ subject: "ci", permissions, hash: "abc" }] }, /SHA-256/],
    ["key and hash", { keys: [{ ...key, hash: hashApiKey(CI) }] }, /either key or hash/],
    ["neither", { keys: [{ subject: "ci", permissions }] }, /either key or hash/],
    [
      "one key for two callers",
      { keys: [key, { hash: hashApiKey(CI), subject: "b", permissions }] },
      /\[1\] is in the list twice/,
    ],
    ["no subject", { keys: [{ key: CI, permissions }] }, /subject/],
    ["no permissions", { keys: [{ key: CI, subject: "ci" }] }, /permissions/],
    ["a time that is none", { keys: [{ ...key, expiresAt: "soon" }] }, /expiresAt is no time/],
    ["null for never", { keys: [{ ...key, expiresAt: null }] }, /expiresAt is no time/],
    ["no key at all", { keys: [null] }, /needs options/],
    ["no header", { keys: [key], header: [] }, /header is an empty list/],
    ["a negative time", { keys: () => [key], refreshSeconds: -1 }, /refreshSeconds/],
  ];
  test.each(wrong)("%s", (_what, options, message) => {
    const error = errorOf(() => apiKeys(options as ApiKeysOptions));
    expect(error).toMatchObject({ code: "ERR_CONFIG", message: expect.stringMatching(message) });
    expect(error.message).not.toContain(CI);
  });

  test("hashApiKey takes no short key", () => {
    expect(errorOf(() => hashApiKey("short"))).toMatchObject({ code: "ERR_CONFIG" });
  });
});

test("[77, 78, S28] in a server: with a key, without, with a wrong one; the log holds none", async () => {
  const logged: string[] = [];
  const logger: Logger = { log: (...fields) => logged.push(JSON.stringify(fields)) };
  const auth = apiKeys({ keys: [{ key: CI, subject: "ci", permissions }] });
  const mcp = new McpServer({ name: "keys", version: "1.0.0" }, { auth, logger });
  mcp.registerTool("whoami", { requires: "netbox:read" }, ({ principal }) => principal.subject);
  const served = await serve(mcp);
  try {
    const { message, headers } = modernRequest("tools/call", { name: "whoami", arguments: {} });
    const ask = (more: Record<string, string>, url = served.url) =>
      post(url, message, { headers: { ...headers, ...more } });
    const good = await ask({ authorization: `bearer ${CI}` });
    expect(good.reply?.result).toMatchObject({ content: [{ text: "ci" }] });
    expect((await ask({})).headers["www-authenticate"]).toBe("Bearer");
    const wrong = await ask({ authorization: `Bearer ${BOT}` });
    expect(wrong.status).toBe(401);
    expect(wrong.headers["www-authenticate"]).toBe(
      'Bearer error="invalid_token", error_description="The API key is not known."',
    );
    expect((await ask({ authorization: `Bearer ${CI}` }, `${served.url}?access_token=${CI}`)).status).toBe(401);
    expect(logged.join("")).not.toContain(BOT);
    expect(logged.join("")).not.toContain(CI);
  } finally {
    await served.close();
  }
});
