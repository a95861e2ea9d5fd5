/** Metrics of a server, whatever collects them. */
import { ErrorCode } from "../errors.js";
import type {
  TelemetryAuthentication,
  TelemetryEnding,
  TelemetryFigures,
  TelemetryRequest,
  TelemetryServer,
  TelemetrySession,
} from "../server/telemetry.js";
import {
  type Attributes,
  errorAttributes,
  questionErrorAttributes,
  requestAttributes,
  wireAttributes,
} from "./attributes.js";
import { ATTRIBUTE, COUNTERS, DURATIONS, FIGURES, type FigureMeasure, type Measure } from "./measures.js";

type Recorder = (value: number, attributes: Attributes) => void;

/** Where measurements go. */
export interface Collector {
  /** A histogram over `DURATION_BUCKETS`. */
  histogram(measure: Measure): Recorder;
  counter(measure: Measure): Recorder;
  /** A value that is read when somebody asks; undefined when there is none. */
  gauge(measure: FigureMeasure, read: () => number | undefined): void;
}

export class Metrics {
  readonly #durations: Readonly<Record<keyof typeof DURATIONS, Recorder>>;
  readonly #counters: Readonly<Record<keyof typeof COUNTERS, Recorder>>;
  /** Servers that are being served; what they have is added up. */
  readonly #servers = new Set<() => TelemetryFigures>();

  constructor(collector: Collector) {
    this.#durations = mapped(DURATIONS, (measure) => collector.histogram(measure));
    this.#counters = mapped(COUNTERS, (measure) => collector.counter(measure));
    for (const measure of FIGURES) collector.gauge(measure, () => this.#sum(measure.of));
  }

  ended(request: TelemetryRequest, ending: TelemetryEnding): void {
    const of = requestAttributes(request);
    const all = { ...of, ...wireAttributes(request), ...errorAttributes(ending) };
    this.#durations.request(ending.durationMs / 1000, all);
    if (ending.denied !== undefined) this.#counters.denied(1, { ...of, [ATTRIBUTE.denied]: ending.denied });
    if (ending.denied === "rate_limited" && ending.errorCode === ErrorCode.RateLimited)
      this.#counters.rateLimited(1, of);
    if (ending.operation === undefined) return;
    const { [ATTRIBUTE.tool]: tool } = of;
    this.#counters.operations(1, {
      ...(tool !== undefined && { [ATTRIBUTE.tool]: tool }),
      [ATTRIBUTE.operation]: ending.operation,
      [ATTRIBUTE.outcome]: ending.outcome,
    });
  }

  /** The client was asked something and has answered, or will not. */
  asked(request: TelemetryRequest, { method, durationMs, error }: AskedFacts): void {
    const of = { [ATTRIBUTE.method]: method, ...wireAttributes(request), ...questionErrorAttributes(error) };
    this.#durations.question(durationMs / 1000, of);
  }

  authentication({ outcome, scheme, durationMs }: TelemetryAuthentication): void {
    this.#durations.authentication(durationMs / 1000, { [ATTRIBUTE.outcome]: outcome, [ATTRIBUTE.authScheme]: scheme });
  }

  session(facts: TelemetrySession): void {
    const { event, durationMs } = facts;
    if (event === "opened") this.#counters.sessions(1, wireAttributes(facts));
    else if (durationMs !== undefined) this.#durations.session(durationMs / 1000, wireAttributes(facts));
  }

  limit(limit: string): void {
    this.#counters.limits(1, { [ATTRIBUTE.limit]: limit });
  }

  start({ figures }: TelemetryServer): () => void {
    this.#servers.add(figures);
    return () => void this.#servers.delete(figures);
  }

  #sum(of: keyof TelemetryFigures): number | undefined {
    if (this.#servers.size === 0) return undefined;
    return [...this.#servers].reduce((sum, figures) => sum + figures()[of], 0);
  }
}

export interface AskedFacts {
  readonly method: string;
  readonly durationMs: number;
  readonly error: Error | undefined;
}

function mapped<K extends string>(
  measures: Record<K, Measure>,
  make: (measure: Measure) => Recorder,
): Record<K, Recorder> {
  const entries = Object.entries<Measure>(measures).map(([key, measure]) => [key, make(measure)] as const);
  return Object.fromEntries(entries) as Record<K, Recorder>;
}
