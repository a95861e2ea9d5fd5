import { afterEach, describe, expect, test, vi } from "vitest";
import { type ApiKey, hashApiKey } from "../../src/auth/api-key-table.js";
import { type ApiKeysOptions, apiKeys } from "../../src/auth/api-keys.js";
import { AuthenticationError, AuthenticationUnavailableError } from "../../src/errors.js";
import { type Logger, silentLogger } from "../../src/util/logger.js";
import { authRequest, bearer, refusal } from "./helpers/auth-request.js";

const CI = "ci-key-0123456789";
const BOT = "bot-key-0123456789";
const permissions = ["netbox:read"];

afterEach(() => {
  vi.useRealTimers();
});

/** A list of keys elsewhere, which a test changes, breaks and counts. */
function source(...keys: ApiKey[]) {
  const state = { keys, loads: 0, failure: undefined as Error | undefined, logged: [] as string[] };
  const logger: Logger = { log: (_level, event) => state.logged.push(event) };
  const options: ApiKeysOptions = {
    logger,
    keys: async () => {
      state.loads += 1;
      if (state.failure !== undefined) throw state.failure;
      return state.keys;
    },
  };
  return { state, options };
}

describe("[73, 74] keys from elsewhere", () => {
  const ci: ApiKey = { key: CI, subject: "ci", permissions };
  const bot: ApiKey = { key: BOT, subject: "bot", permissions };

  test("are loaded when the first caller comes, once for all, and then at hand", async () => {
    const { state, options } = source(ci);
    const auth = apiKeys(options);
    expect(auth.authenticate(authRequest())).toBeUndefined();
    expect(state.loads).toBe(0);
    const callers = await Promise.all(Array.from({ length: 50 }, () => auth.authenticate(bearer(CI))));
    expect(new Set(callers).size).toBe(1);
    expect(auth.authenticate(bearer(CI))).toBe(callers[0]);
    await expect(Promise.resolve().then(() => auth.authenticate(bearer(BOT)))).rejects.toThrow(AuthenticationError);
    expect(state.loads).toBe(1);
  });

  test("are waited for when they are old, so that a withdrawn key never opens once more", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const { state, options } = source(ci);
    const auth = apiKeys({ ...options, refreshSeconds: 60 });
    const before = await auth.authenticate(bearer(CI));
    state.keys = [ci, bot];
    vi.advanceTimersByTime(60_000);
    expect(await auth.authenticate(bearer(BOT))).toMatchObject({ subject: "bot" });
    expect(auth.authenticate(bearer(CI)), "the principal of a key that stayed as it was").toBe(before);
    state.keys = [bot];
    vi.advanceTimersByTime(59_999);
    expect(auth.authenticate(bearer(CI))).toBe(before);
    vi.advanceTimersByTime(1);
    expect((await refusal(auth, bearer(CI))).message).toBe("The API key is not known.");
    expect(state.loads).toBe(3);
  });

  test("go on for a while when they cannot be loaded again, and then nobody comes in (503)", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const { state, options } = source(ci);
    const auth = apiKeys({ ...options, refreshSeconds: 60, maxStaleSeconds: 600 });
    const before = await auth.authenticate(bearer(CI));
    state.failure = new Error("database down");
    vi.advanceTimersByTime(60_000);
    const callers = await Promise.all(Array.from({ length: 20 }, () => auth.authenticate(bearer(CI))));
    expect(new Set(callers)).toEqual(new Set([before]));
    expect(state).toMatchObject({ loads: 2, logged: ["api_keys_unavailable"] });
    vi.advanceTimersByTime(599_999);
    expect(await auth.authenticate(bearer(CI))).toBe(before);
    vi.advanceTimersByTime(1);
    expect(await refusal(auth, bearer(CI))).toBeInstanceOf(AuthenticationUnavailableError);
    state.failure = undefined;
    vi.advanceTimersByTime(60_000);
    expect(await auth.authenticate(bearer(CI))).toBe(before);
  });

  test("that cannot be loaded at all, or make no sense, let nobody in; the source gets a pause", async () => {
    for (const broken of [new Error("down"), undefined]) {
      const { state, options } = source({ ...ci, hash: hashApiKey(CI) } as unknown as ApiKey);
      state.failure = broken;
      const auth = apiKeys(options);
      for (let call = 0; call < 10; call += 1) {
        expect(await refusal(auth, bearer(CI))).toBeInstanceOf(AuthenticationUnavailableError);
      }
      expect(state).toMatchObject({ loads: 1, logged: ["api_keys_unavailable"] });
    }
  });

  test("that do not come are not waited for", async () => {
    const auth = apiKeys({ keys: () => new Promise(() => undefined), timeoutMs: 20, logger: silentLogger });
    expect(await refusal(auth, bearer(CI))).toBeInstanceOf(AuthenticationUnavailableError);
  });

  test("may be given by a function that answers at once", async () => {
    const auth = apiKeys({ keys: () => [ci] });
    expect(await auth.authenticate(bearer(CI))).toMatchObject({ subject: "ci" });
  });
});
