/** A real OpenTelemetry SDK that keeps in memory what it would send. */
import { type Attributes, context, type Span, SpanKind, type Tracer } from "@opentelemetry/api";
import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { expect } from "vitest";
import type { Telemetry } from "../../../src/index.js";
import { otel } from "../../../src/telemetry/otel/index.js";
import { until } from "../../faults/helpers/until.js";
import { AsyncContextManager } from "./context-manager.js";

class MemoryReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

export interface Point {
  readonly attributes: Attributes;
  readonly value: number;
  /** Of a histogram. */
  readonly count?: number;
}

export class Collected {
  readonly telemetry: Telemetry;
  /** For spans of the test's own: those of a client, say. */
  readonly tracer: Tracer;
  readonly #exporter = new InMemorySpanExporter();
  readonly #reader = new MemoryReader();

  constructor() {
    // One for the process: a second one is refused, and the first does as well.
    context.setGlobalContextManager(new AsyncContextManager());
    const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(this.#exporter)] });
    const meterProvider = new MeterProvider({ readers: [this.#reader] });
    this.telemetry = otel({ tracerProvider, meterProvider });
    this.tracer = tracerProvider.getTracer("test");
  }

  get spans(): readonly ReadableSpan[] {
    return this.#exporter.getFinishedSpans();
  }

  reset(): void {
    this.#exporter.reset();
  }

  /** The span with this name; waits for it, for an answer may come before its span has ended. */
  async span(name: string): Promise<ReadableSpan> {
    await until(`a span ${name}`, () => this.spans.some((span) => span.name === name));
    const found = this.spans.filter((span) => span.name === name);
    expect(found.map(({ name }) => name)).toEqual([name]);
    return found[0] as ReadableSpan;
  }

  /** Does `work` as a client that is traced: with a span of its own, and what belongs into `_meta` for it. */
  async asClient<T>(work: (traceparent: string, span: Span) => Promise<T>): Promise<{ result: T; span: Span }> {
    const span = this.tracer.startSpan("client", { kind: SpanKind.CLIENT, root: true });
    try {
      return { result: await work(traceparentOf(span), span), span };
    } finally {
      span.end();
    }
  }

  /** The values of a metric now. */
  async points(name: string): Promise<readonly Point[]> {
    const { resourceMetrics } = await this.#reader.collect();
    const metric = resourceMetrics.scopeMetrics
      .flatMap(({ metrics }) => metrics)
      .find(({ descriptor }) => descriptor.name === name);
    return (metric?.dataPoints ?? []).map(({ attributes, value }) => {
      return typeof value === "number"
        ? { attributes, value }
        : { attributes, value: (value as { sum?: number }).sum ?? 0, count: (value as { count: number }).count };
    });
  }
}

export function traceparentOf(span: Span): string {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-0${traceFlags}`;
}

/** Where a span belongs. */
export function parentIdOf(span: ReadableSpan): string | undefined {
  return span.parentSpanContext?.spanId;
}
