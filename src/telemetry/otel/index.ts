/**
 * OpenTelemetry for Holdfast: `holdfast/otel`. Needs the package `@opentelemetry/api`; an SDK is the program's own.
 *
 * @module
 */
import {
  type MeterProvider,
  metrics as metricsApi,
  ProxyTracerProvider,
  type TracerProvider,
  trace,
} from "@opentelemetry/api";
import type { Telemetry } from "../../server/telemetry.js";
import { OptionChecks } from "../../util/option-checks.js";
import { Metrics } from "../metrics.js";
import { meterCollector } from "./collector.js";
import { flush } from "./flush.js";
import { RequestSpan } from "./request-span.js";

/** Options of `otel`. */
export interface OtelOptions {
  /** Default `true`. */
  readonly traces?: boolean;
  /** Default `true`. */
  readonly metrics?: boolean;
  /** Default: the global one. */
  readonly tracerProvider?: TracerProvider;
  /** Default: the global one. */
  readonly meterProvider?: MeterProvider;
}

/** The name under which spans and metrics are reported. */
const SCOPE = "holdfast";
const OPTIONS: ReadonlySet<string> = new Set<keyof OtelOptions>([
  "traces",
  "metrics",
  "tracerProvider",
  "meterProvider",
]);

/**
 * Spans of every request and metrics of the server, with the names of OpenTelemetry's conventions for MCP. The trace goes
 * on from `_meta` of the message, else from the headers of the HTTP request. Register the SDK before the server runs.
 *
 * @example
 * ```ts
 * import { McpServer } from "holdfast";
 * import { otel } from "holdfast/otel";
 *
 * const mcp = new McpServer({ name: "demo", version: "1.0.0" }, { telemetry: otel() });
 * ```
 */
export function otel(options: OtelOptions = {}): Telemetry {
  new OptionChecks("otel()").known(options, OPTIONS);
  const tracer = options.traces === false ? undefined : (options.tracerProvider ?? trace).getTracer(SCOPE);
  let made: Metrics | undefined;
  // Made late: a global meter that is asked for before the SDK is registered would stay silent for ever.
  const metrics = () => {
    if (options.metrics === false) return undefined;
    made ??= new Metrics(meterCollector((options.meterProvider ?? metricsApi).getMeter(SCOPE)));
    return made;
  };
  return {
    request: (request) => new RequestSpan(request, { tracer, metrics: metrics() }),
    authentication: (facts) => metrics()?.authentication(facts),
    session: (facts) => metrics()?.session(facts),
    limit: (limit) => metrics()?.limit(limit),
    start: (server) => {
      const end = metrics()?.start(server);
      return async () => {
        end?.();
        await flush(providersOf(options));
      };
    },
  };
}

/** Those that this server reports to. */
function providersOf({ traces, metrics, tracerProvider, meterProvider }: OtelOptions): readonly unknown[] {
  const tracers = tracerProvider ?? trace.getTracerProvider();
  return [
    ...(traces === false ? [] : [tracers instanceof ProxyTracerProvider ? tracers.getDelegate() : tracers]),
    ...(metrics === false ? [] : [meterProvider ?? metricsApi.getMeterProvider()]),
  ];
}
