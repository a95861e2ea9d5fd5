/**
 * OTLP as a receiver reads it: the parts of opentelemetry-proto 1.x that SDKs send, by their field numbers. Decoded by
 * protobufjs, which shares no code with the exporters; what the tables do not know is a failure, and not skipped.
 */
import protobuf from "protobufjs";

type Fields = Readonly<Record<string, readonly [id: number, type: string]>>;

const MESSAGES: Readonly<Record<string, Fields>> = {
  AnyValue: {
    stringValue: [1, "string"],
    boolValue: [2, "bool"],
    intValue: [3, "int64"],
    doubleValue: [4, "double"],
    arrayValue: [5, "ArrayValue"],
  },
  ArrayValue: { values: [1, "AnyValue[]"] },
  KeyValue: { key: [1, "string"], value: [2, "AnyValue"] },
  Scope: { name: [1, "string"], version: [2, "string"], attributes: [3, "KeyValue[]"], dropped: [4, "uint32"] },
  Resource: { attributes: [1, "KeyValue[]"], droppedAttributesCount: [2, "uint32"] },
  Event: {
    timeUnixNano: [1, "fixed64"],
    name: [2, "string"],
    attributes: [3, "KeyValue[]"],
    droppedAttributesCount: [4, "uint32"],
  },
  Link: {
    traceId: [1, "bytes"],
    spanId: [2, "bytes"],
    traceState: [3, "string"],
    attributes: [4, "KeyValue[]"],
    droppedAttributesCount: [5, "uint32"],
    flags: [6, "fixed32"],
  },
  Status: { message: [2, "string"], code: [3, "int32"] },
  Span: {
    traceId: [1, "bytes"],
    spanId: [2, "bytes"],
    traceState: [3, "string"],
    parentSpanId: [4, "bytes"],
    name: [5, "string"],
    kind: [6, "int32"],
    startTimeUnixNano: [7, "fixed64"],
    endTimeUnixNano: [8, "fixed64"],
    attributes: [9, "KeyValue[]"],
    droppedAttributesCount: [10, "uint32"],
    events: [11, "Event[]"],
    droppedEventsCount: [12, "uint32"],
    links: [13, "Link[]"],
    droppedLinksCount: [14, "uint32"],
    status: [15, "Status"],
    flags: [16, "fixed32"],
  },
  ScopeSpans: { scope: [1, "Scope"], spans: [2, "Span[]"], schemaUrl: [3, "string"] },
  ResourceSpans: { resource: [1, "Resource"], scopeSpans: [2, "ScopeSpans[]"], schemaUrl: [3, "string"] },
  Traces: { resourceSpans: [1, "ResourceSpans[]"] },
  NumberPoint: {
    startTimeUnixNano: [2, "fixed64"],
    timeUnixNano: [3, "fixed64"],
    asDouble: [4, "double"],
    asInt: [6, "sfixed64"],
    attributes: [7, "KeyValue[]"],
    flags: [8, "uint32"],
  },
  HistogramPoint: {
    startTimeUnixNano: [2, "fixed64"],
    timeUnixNano: [3, "fixed64"],
    count: [4, "fixed64"],
    sum: [5, "double"],
    bucketCounts: [6, "fixed64[]"],
    explicitBounds: [7, "double[]"],
    attributes: [9, "KeyValue[]"],
    flags: [10, "uint32"],
    min: [11, "double"],
    max: [12, "double"],
  },
  Gauge: { dataPoints: [1, "NumberPoint[]"] },
  Sum: { dataPoints: [1, "NumberPoint[]"], aggregationTemporality: [2, "int32"], isMonotonic: [3, "bool"] },
  Histogram: { dataPoints: [1, "HistogramPoint[]"], aggregationTemporality: [2, "int32"] },
  Metric: {
    name: [1, "string"],
    description: [2, "string"],
    unit: [3, "string"],
    gauge: [5, "Gauge"],
    sum: [7, "Sum"],
    histogram: [9, "Histogram"],
  },
  ScopeMetrics: { scope: [1, "Scope"], metrics: [2, "Metric[]"], schemaUrl: [3, "string"] },
  ResourceMetrics: { resource: [1, "Resource"], scopeMetrics: [2, "ScopeMetrics[]"], schemaUrl: [3, "string"] },
  Metrics: { resourceMetrics: [1, "ResourceMetrics[]"] },
};

const ROOT = protobuf.Root.fromJSON({
  nested: Object.fromEntries(
    Object.entries(MESSAGES).map(([name, fields]) => [
      name,
      { edition: "proto3", fields: Object.fromEntries(Object.entries(fields).map(described)) },
    ]),
  ),
});

function described([name, [id, type]]: [string, readonly [number, string]]): [string, protobuf.IField] {
  const repeated = type.endsWith("[]");
  return [name, { id, type: repeated ? type.slice(0, -2) : type, ...(repeated && { rule: "repeated" }) }];
}

/** A body of an export request. */
export function decode(message: "Traces" | "Metrics", body: Uint8Array): Record<string, unknown> {
  assertKnown(message, protobuf.Reader.create(body), body.length);
  const type = ROOT.lookupType(message);
  return type.toObject(type.decode(body), { longs: String, defaults: false, arrays: true });
}

/** @throws Error for a field that the tables do not have: it would be lost without a word. */
function assertKnown(message: string, reader: protobuf.Reader, end: number): void {
  const fields = Object.values(MESSAGES[message] ?? {});
  while (reader.pos < end) {
    const tag = reader.uint32();
    const field = fields.find(([id]) => id === tag >>> 3);
    if (field === undefined) throw new Error(`${message} has field ${tag >>> 3}, which nobody would read`);
    const type = field[1].replace("[]", "");
    if (!(type in MESSAGES)) reader.skipType(tag & 7);
    else {
      const length = reader.uint32();
      assertKnown(type, reader, reader.pos + length);
    }
  }
}
