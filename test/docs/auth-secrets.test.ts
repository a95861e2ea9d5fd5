/** The recipes of docs/auth that need no issuer: a key for each caller, and a proxy that sets a header. */
import { afterEach, expect, test, vi } from "vitest";
import { type Authenticator, hashApiKey } from "../../src/index.js";
import { authRequest, bearer, errorOf, refusal } from "../auth/helpers/auth-request.js";
import { blocks, evaluate } from "./helpers/pages.js";

afterEach(() => void vi.unstubAllEnvs());

const KEY = "a-key-of-the-night-shift-made-at-random";
const SECRET = "what-only-the-proxy-knows";

function keysOf(): Authenticator {
  return evaluate(blocks("docs/auth/api-key.md", "ts")[0] ?? "").auth as Authenticator;
}

test("a key is its caller, with the permissions of its entry; others are nobody", async () => {
  vi.stubEnv("NIGHT_SHIFT_HASH", hashApiKey(KEY));
  vi.stubEnv("CI_HASH", hashApiKey(`${KEY}-ci`));
  const auth = keysOf();
  const known = await auth.authenticate(bearer(KEY));
  expect(known).toMatchObject({ subject: "night-shift", permissions: ["products:read"] });
  expect(await auth.authenticate(bearer(`${KEY}-ci`))).toMatchObject({ subject: "ci" });
  expect(await refusal(auth, bearer("a-key-that-nobody-was-given"))).toMatchObject({ code: "ERR_UNAUTHENTICATED" });
  expect(await auth.authenticate(authRequest())).toBeUndefined();
});

test("a hash that is missing ends the start", () => {
  vi.stubEnv("NIGHT_SHIFT_HASH", hashApiKey(KEY));
  vi.stubEnv("CI_HASH", "");
  expect(errorOf(keysOf).code).toBe("ERR_CONFIG");
});

test("a name in a plain header counts with the proxy's secret alone", async () => {
  vi.stubEnv("PROXY_SECRET", SECRET);
  const auth = evaluate(blocks("docs/auth/proxy.md", "ts")[2] ?? "").auth as Authenticator;
  const user = { "x-auth-request-user": "ada" };
  const known = await auth.authenticate(authRequest({ ...user, "x-proxy-secret": SECRET }));
  expect(known).toEqual({ issuer: "proxy", subject: "ada", permissions: ["products:read"] });
  const stranger = await auth.authenticate(authRequest({ "x-auth-request-user": "eve", "x-proxy-secret": SECRET }));
  expect(stranger).toMatchObject({ subject: "eve", permissions: [] });
  expect(await auth.authenticate(authRequest(user))).toBeUndefined();
  expect(await auth.authenticate(authRequest({ "x-proxy-secret": SECRET }))).toBeUndefined();
  const wrong = authRequest({ ...user, "x-proxy-secret": `${SECRET}-not` });
  expect(await refusal(auth, wrong)).toMatchObject({ code: "ERR_UNAUTHENTICATED" });
});
