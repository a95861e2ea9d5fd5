/** Metrics as they were exported. */
import { type Attributes, attributesOf } from "./otlp-spans.js";

export interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
  readonly kind: "gauge" | "sum" | "histogram";
  readonly monotonic: boolean;
  readonly cumulative: boolean;
  readonly points: readonly MetricPoint[];
  readonly resource: Attributes;
}

export interface MetricPoint {
  readonly attributes: Attributes;
  /** The value; of a histogram the sum. */
  readonly value: number;
  /** Of a histogram. */
  readonly count: number;
  readonly bounds: readonly number[];
  readonly buckets: readonly number[];
}

type Raw = Readonly<Record<string, unknown>>;
const CUMULATIVE = 2;

export function metricsOf(metrics: Raw): readonly Metric[] {
  return list(metrics.resourceMetrics).flatMap(({ resource, scopeMetrics }) => {
    const attributes = attributesOf((resource as Raw).attributes);
    return list(scopeMetrics).flatMap(({ metrics }) => list(metrics).map((metric) => metricOf(metric, attributes)));
  });
}

function metricOf(metric: Raw, resource: Attributes): Metric {
  const kind = (["gauge", "sum", "histogram"] as const).find((one) => metric[one] !== undefined);
  if (kind === undefined) throw new Error(`${String(metric.name)} has no data`);
  const data = metric[kind] as Raw;
  return {
    name: String(metric.name),
    unit: String(metric.unit ?? ""),
    description: String(metric.description ?? ""),
    kind,
    monotonic: data.isMonotonic === true,
    cumulative: data.aggregationTemporality === CUMULATIVE,
    points: list(data.dataPoints).map(pointOf),
    resource,
  };
}

function pointOf(point: Raw): MetricPoint {
  return {
    attributes: attributesOf(point.attributes),
    value: Number(point.asDouble ?? point.asInt ?? point.sum),
    count: Number(point.count ?? 0),
    bounds: ((point.explicitBounds ?? []) as readonly number[]).map(Number),
    buckets: ((point.bucketCounts ?? []) as readonly string[]).map(Number),
  };
}

function list(value: unknown): readonly Raw[] {
  return (value ?? []) as readonly Raw[];
}
