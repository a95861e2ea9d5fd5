/** [73] What is kept of something remote, without a network: newer values, failures that are over, and ends of waiting. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Renewed } from "../../src/auth/renewed.js";
import { AuthenticationUnavailableError } from "../../src/errors.js";

const COOLDOWN_MS = 30_000;
const FRESHNESS = { maxAgeMs: 600_000, staleMs: 0, timeoutMs: 5000 };

interface Value {
  readonly count: number;
}

let fetches: number;
let down: boolean;
let renewed: Renewed<Value>;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: 1_900_000_000_000 });
  fetches = 0;
  down = false;
  const fetch = async (): Promise<Value> => {
    fetches += 1;
    if (down) throw new Error("down");
    return { count: fetches };
  };
  renewed = new Renewed<Value>({ what: "It", fetch, failed: () => undefined }, FRESHNESS);
});
afterEach(() => vi.useRealTimers());
const pass = (ms: number) => vi.setSystemTime(Date.now() + ms);

it("who used an old value gets the newer one that is here already", async () => {
  const first = await renewed.load();
  pass(COOLDOWN_MS);
  const second = await renewed.newerThan(first, COOLDOWN_MS);
  expect(second).toEqual({ count: 2 });
  expect(await renewed.newerThan(first, COOLDOWN_MS)).toBe(second);
  pass(COOLDOWN_MS);
  expect(await renewed.newerThan(first, COOLDOWN_MS)).toBe(second);
  expect(fetches).toBe(2);
});

it("a failure is over with the next success", async () => {
  down = true;
  await expect(renewed.load()).rejects.toThrow(AuthenticationUnavailableError);
  down = false;
  pass(1000);
  const value = await renewed.load();
  expect(await renewed.newerThan(value, COOLDOWN_MS)).toBeUndefined();
  pass(FRESHNESS.maxAgeMs);
  down = true;
  await expect(renewed.load()).rejects.toThrow(AuthenticationUnavailableError);
  // The pause is that of a first failure again.
  down = false;
  pass(1000);
  expect(await renewed.load()).toEqual({ count: 4 });
});

it("a caller that pauses by itself does not wait for a pause", async () => {
  down = true;
  await expect(renewed.load()).rejects.toThrow(AuthenticationUnavailableError);
  down = false;
  await expect(renewed.load()).rejects.toThrow(AuthenticationUnavailableError);
  expect(fetches).toBe(1);
  expect(await renewed.load({ paced: true })).toEqual({ count: 2 });
});

it("what is not waited for any more is ended", async () => {
  let ended: AbortSignal | undefined;
  const fetch = (signal: AbortSignal) => {
    ended = signal;
    return new Promise<Value>(() => undefined);
  };
  const slow = new Renewed<Value>({ what: "It", fetch, failed: () => undefined }, { ...FRESHNESS, timeoutMs: 20 });
  await expect(slow.load()).rejects.toThrow(AuthenticationUnavailableError);
  expect(ended?.aborted).toBe(true);
});
