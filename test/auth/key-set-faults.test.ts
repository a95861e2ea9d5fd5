/** [73, 74] An issuer that is down, slow, or answers with something else: kept keys serve for a while, then nobody gets in. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Authenticator } from "../../src/auth/authenticator.js";
import { jwt } from "../../src/auth/jwt.js";
import type { JwtOptions } from "../../src/auth/jwt-options.js";
import { AuthenticationError, AuthenticationUnavailableError } from "../../src/errors.js";
import type { Logger } from "../../src/util/logger.js";
import { until } from "../faults/helpers/until.js";
import { AUDIENCE, bearer, createKey, FakeIssuer, type Fault } from "./helpers/issuer.js";

const MAX_AGE_MS = 600_000;
const STALE_MS = 3_600_000;
const PAUSE_MS = 1000;

let issuer: FakeIssuer;
let auth: Authenticator;
let events: string[] = [];
let reasons: unknown[] = [];
const logger: Logger = {
  log: (level, event, { reason }) => {
    events.push(`${level} ${event}`);
    reasons.push(reason);
  },
};
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: 1_900_000_000_000 });
  events = [];
  reasons = [];
  issuer = await FakeIssuer.start();
  auth = create();
});
afterEach(async () => {
  vi.useRealTimers();
  await issuer.close();
});

const create = (options: Partial<JwtOptions> = {}) => {
  return jwt({ issuer: issuer.url, audience: AUDIENCE, logger, ...options });
};
const ask = async (token: string, by: Authenticator = auth) => by.authenticate(bearer(token));
const pass = (ms: number) => vi.setSystemTime(Date.now() + ms);
const long = (key = issuer.key) => issuer.sign({ exp: Math.floor(Date.now() / 1000) + 100_000 }, { key });

describe("an issuer that is down from the start", () => {
  it("is asked once by a hundred callers, and not again during the pause", async () => {
    issuer.keysFault = "error";
    const tokens = await Promise.all(Array.from({ length: 100 }, (_, index) => issuer.sign({ sub: `u${index}` })));
    const settled = await Promise.allSettled(tokens.map((token) => ask(token)));
    const reasons = settled.map((one) => (one.status === "rejected" ? (one.reason as unknown) : undefined));
    expect(reasons.every((reason) => reason instanceof AuthenticationUnavailableError)).toBe(true);
    expect(issuer.keysRequests).toBe(1);
    pass(PAUSE_MS - 1);
    await expect(ask(await issuer.sign())).rejects.toThrow(AuthenticationUnavailableError);
    expect(issuer.keysRequests).toBe(1);
    expect(events).toEqual(["warn issuer_keys_unavailable"]);
  });

  it("is asked again after pauses that grow, and serves when it is back", async () => {
    issuer.keysFault = "error";
    const token = await long();
    await expect(ask(token)).rejects.toThrow(AuthenticationUnavailableError);
    for (const [index, pause] of [1, 2, 4, 8, 16, 30, 30].entries()) {
      pass(pause * PAUSE_MS - 1);
      await expect(ask(token)).rejects.toThrow(AuthenticationUnavailableError);
      expect(issuer.keysRequests).toBe(index + 1);
      pass(1);
      await expect(ask(token)).rejects.toThrow(AuthenticationUnavailableError);
      expect(issuer.keysRequests).toBe(index + 2);
    }
    issuer.keysFault = undefined;
    pass(30 * PAUSE_MS);
    expect(await ask(token)).toBeDefined();
  });

  it("or cannot be reached at all", async () => {
    await issuer.close();
    await expect(ask(await issuer.sign())).rejects.toThrow(AuthenticationUnavailableError);
    // Whoever reads the log learns why.
    expect(reasons[0]).toMatch(/ECONNREFUSED/);
    expect(events).toEqual(["warn issuer_metadata_unavailable", "warn issuer_keys_unavailable"]);
  });
});

describe("an issuer that goes down", () => {
  it("leaves its keys good for a while, then for nothing, and again when it is back", async () => {
    const token = await long();
    const principal = await ask(token);
    issuer.keysFault = "error";
    pass(MAX_AGE_MS);
    expect(auth.authenticate(bearer(token))).toBe(principal);
    await until("the failure is told", () => events.length === 1);
    // New tokens of known keys as well.
    expect(await ask(await issuer.sign({ sub: "bob" }))).toBeDefined();
    pass(STALE_MS - 1);
    expect(auth.authenticate(bearer(token))).toBe(principal);
    await until("it was tried again", () => events.length === 2);
    pass(1);
    const late = ask(token);
    await expect(late).rejects.toThrow(AuthenticationUnavailableError);
    issuer.keysFault = undefined;
    pass(30 * PAUSE_MS);
    expect(await ask(token)).toMatchObject({ subject: "ada" });
  });

  it("makes it unknowable who sent a token with an unknown key, and bothers nobody else", async () => {
    await ask(await issuer.sign());
    issuer.keysFault = "error";
    pass(30_000);
    const next = await createKey("ES256");
    const unknown = () => issuer.sign({}, { key: next });
    await expect(ask(await unknown())).rejects.toThrow(AuthenticationUnavailableError);
    await expect(ask(await unknown())).rejects.toThrow(AuthenticationUnavailableError);
    expect(await ask(await issuer.sign({ sub: "bob" }))).toBeDefined();
    expect(issuer.keysRequests).toBe(2);
    issuer.keysFault = undefined;
    pass(30_000);
    await expect(ask(await unknown())).rejects.toThrow(AuthenticationError);
  });
});

describe("an issuer that does not answer in time", () => {
  it("is waited for no longer than said", async () => {
    issuer.keysFault = "silent";
    await expect(ask(await issuer.sign(), create({ timeoutMs: 30 }))).rejects.toThrow(AuthenticationUnavailableError);
    issuer.metadataFault = "silent";
    await expect(ask(await issuer.sign(), create({ timeoutMs: 30 }))).rejects.toThrow(AuthenticationUnavailableError);
    expect(issuer.keysRequests).toBe(1);
  });

  it("also when its answer never ends, or `fetch` does not heed its signal", async () => {
    issuer.keysFault = "endless";
    await expect(ask(await issuer.sign(), create({ timeoutMs: 500 }))).rejects.toThrow(AuthenticationUnavailableError);
    const deaf = create({ timeoutMs: 30, fetch: () => new Promise(() => undefined) });
    await expect(ask(await issuer.sign(), deaf)).rejects.toThrow(AuthenticationUnavailableError);
  });
});

describe("a key set that is none is refused", () => {
  it.each<Fault>(["error", "text", "list", "huge", "redirect"])("%s", async (fault) => {
    issuer.keysFault = fault;
    await expect(ask(await issuer.sign())).rejects.toThrow(AuthenticationUnavailableError);
    // The place that a redirect names is not asked.
    expect(issuer.keysRequests).toBe(1);
  });

  it("also when a `fetch` of the caller's follows redirects", async () => {
    issuer.keysFault = "redirect";
    const follow = create({ fetch: (input, init) => fetch(input, { ...init, redirect: "follow" }) });
    await expect(ask(await issuer.sign(), follow)).rejects.toThrow(AuthenticationUnavailableError);
  });

  it.each([[["a"]], [[null]], [[["a"]]], [Array.from({ length: 101 }, () => ({ kty: "EC" }))]])(
    "keys %#",
    async (published) => {
      issuer.published = published;
      await expect(ask(await issuer.sign())).rejects.toThrow(AuthenticationUnavailableError);
    },
  );

  it("and what was published before stays", async () => {
    const token = await long();
    const principal = await ask(token);
    for (const fault of ["text", "list", "huge", "redirect"] as const) {
      issuer.keysFault = fault;
      pass(MAX_AGE_MS);
      const before = events.length;
      expect(auth.authenticate(bearer(token))).toBe(principal);
      await until(`${fault} is told`, () => events.length === before + 1);
      expect(auth.authenticate(bearer(token))).toBe(principal);
    }
  });

  it("but single keys that cannot be used spoil no others", async () => {
    issuer.published = [
      {},
      { kty: "EC", kid: "x", crv: "P-256" },
      { kty: 7 },
      { kid: {} },
      { kty: "oct", k: "AA" },
      issuer.key.jwk,
    ];
    expect(await ask(await issuer.sign())).toBeDefined();
    const odd = await createKey("ES256", "x");
    await expect(ask(await issuer.sign({}, { key: odd }))).rejects.toThrow(AuthenticationError);
  });

  it("a private key in it is not taken for a public one", async () => {
    const { exportJWK } = await import("jose");
    issuer.published = [{ ...(await exportJWK(issuer.key.privateKey)), kid: issuer.key.kid }];
    await expect(ask(await issuer.sign())).rejects.toThrow(AuthenticationError);
  });
});
