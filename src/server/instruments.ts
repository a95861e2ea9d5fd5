/** The engine's side of `telemetry`: tells all who listen, and lets none of them break a call. */

import type { Logger } from "../util/logger.js";
import type { Limits } from "./limits.js";
import type {
  Telemetry,
  TelemetryAuthentication,
  TelemetryEnding,
  TelemetryPage,
  TelemetryQuestion,
  TelemetryRequest,
  TelemetryServer,
  TelemetrySession,
  TelemetrySpan,
} from "./telemetry.js";

/** What fails once fails for every call: said once in this time. */
const REPORT_INTERVAL_MS = 60_000;
const MEMBERS = ["request", "authentication", "session", "limit", "start", "page"];

export class Instruments {
  readonly #all: readonly Telemetry[];
  readonly #logger: Logger;
  #reportedAt = Number.NEGATIVE_INFINITY;

  constructor(all: readonly Telemetry[], logger: Logger) {
    this.#all = all;
    this.#logger = logger;
  }

  request(request: TelemetryRequest): RequestWatch | undefined {
    const spans: TelemetrySpan[] = [];
    for (const one of this.#all) {
      const span = this.guard(() => one.request?.(request));
      if (span !== undefined) spans.push(span);
    }
    return spans.length === 0 ? undefined : new RequestWatch(this, spans);
  }

  authentication(facts: TelemetryAuthentication): void {
    for (const one of this.#all) this.guard(() => one.authentication?.(facts));
  }

  session(facts: TelemetrySession): void {
    for (const one of this.#all) this.guard(() => one.session?.(facts));
  }

  limit(limit: keyof Limits): void {
    for (const one of this.#all) this.guard(() => one.limit?.(limit));
  }

  get pages(): readonly TelemetryPage[] {
    return this.#all.flatMap(({ page }) => page ?? []);
  }

  /** Starts all of them; one that cannot start ends those that have. Returns what ends them. */
  async start(server: TelemetryServer): Promise<() => Promise<void>> {
    const ends: (() => unknown)[] = [];
    const end = async () => {
      for (const one of ends.splice(0)) {
        try {
          await one();
        } catch (error) {
          this.failed(error);
        }
      }
    };
    try {
      for (const one of this.#all) {
        const ending = await one.start?.(server);
        if (ending !== undefined) ends.push(ending);
      }
    } catch (error) {
      await end();
      throw error;
    }
    return end;
  }

  /** Calls somebody's code; undefined when it throws. */
  guard<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      this.failed(error);
      return undefined;
    }
  }

  /** Says that somebody's code threw. */
  failed(error: unknown): void {
    const now = performance.now();
    if (now - this.#reportedAt < REPORT_INTERVAL_MS) return;
    this.#reportedAt = now;
    this.#logger.log("error", "telemetry_failed", { error });
  }
}

/** One request as all who listen are told of it. */
export class RequestWatch {
  readonly #instruments: Instruments;
  readonly #spans: readonly TelemetrySpan[];

  constructor(instruments: Instruments, spans: readonly TelemetrySpan[]) {
    this.#instruments = instruments;
    this.#spans = spans;
  }

  /** Runs the work within all spans: once, whatever they do. */
  run<T>(work: () => T): T {
    let outcome: { readonly value: T } | { readonly error: unknown } | undefined;
    const once = (): T => {
      outcome ??= attempt(work);
      if ("error" in outcome) throw outcome.error;
      return outcome.value;
    };
    let nested = once;
    for (const span of this.#spans) {
      const inner = nested;
      if (span.run !== undefined) nested = () => span.run?.(inner) as T;
    }
    try {
      nested();
    } catch (error) {
      if (outcome === undefined || !("error" in outcome)) this.#instruments.failed(error);
    }
    return once();
  }

  validated(ok: boolean): void {
    for (const span of this.#spans) this.#instruments.guard(() => span.validated?.(ok));
  }

  claimed(operationId: string): void {
    for (const span of this.#spans) this.#instruments.guard(() => span.claimed?.(operationId));
  }

  began(): void {
    for (const span of this.#spans) this.#instruments.guard(() => span.began?.());
  }

  asks(method: string): TelemetryQuestion | undefined {
    const asked = this.#spans.flatMap((span) => this.#instruments.guard(() => span.asks?.(method)) ?? []);
    if (asked.length === 0) return undefined;
    return {
      meta: Object.assign({}, ...asked.map(({ meta }) => meta)),
      named: (id) => {
        for (const one of asked) this.#instruments.guard(() => one.named?.(id));
      },
      ended: (error) => {
        for (const one of asked) this.#instruments.guard(() => one.ended(error));
      },
    };
  }

  ended(ending: TelemetryEnding): void {
    for (const span of this.#spans) this.#instruments.guard(() => span.ended?.(ending));
  }
}

/** @throws TypeError for what is no telemetry: said at start, and not by an empty dashboard later. */
export function resolveTelemetry(
  telemetry: Telemetry | readonly Telemetry[] | undefined,
  logger: Logger,
): Instruments | undefined {
  if (telemetry === undefined) return undefined;
  const all = [telemetry].flat() as readonly Telemetry[];
  for (const one of all) {
    if (typeof one === "object" && one !== null && MEMBERS.some((name) => name in one)) continue;
    throw new TypeError("telemetry must be what otel() or prometheus() return, or several of these in an array");
  }
  return all.length === 0 ? undefined : new Instruments(all, logger);
}

function attempt<T>(work: () => T): { readonly value: T } | { readonly error: unknown } {
  try {
    return { value: work() };
  } catch (error) {
    return { error };
  }
}
