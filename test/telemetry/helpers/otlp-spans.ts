/** Spans as they were exported, by whoever exported them, and the tree that they make. */
import { expect } from "vitest";

export interface Span {
  /** `service.name` of the resource. */
  readonly service: string;
  readonly resource: Attributes;
  readonly scope: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the root of a trace. */
  readonly parentId: string;
  readonly traceState: string;
  readonly name: string;
  readonly kind: Kind;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly attributes: Attributes;
  readonly events: readonly string[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly error: { readonly message: string } | undefined;
}

export type Attributes = Readonly<Record<string, string | number | boolean>>;
export type Kind = (typeof KINDS)[number];
const KINDS = ["unspecified", "internal", "server", "client", "producer", "consumer"] as const;
const STATUS_ERROR = 2;

type Raw = Readonly<Record<string, unknown>>;

/** Takes what was decoded from protobuf, and OTLP as JSON: ids are bytes there and hexadecimal here. */
export function spansOf(traces: Raw): readonly Span[] {
  return list(traces.resourceSpans).flatMap(({ resource, scopeSpans }) => {
    const attributes = attributesOf((resource as Raw).attributes);
    return list(scopeSpans).flatMap(({ scope, spans }) => {
      return list(spans).map((span) => spanOf(span, attributes, String((scope as Raw).name)));
    });
  });
}

function spanOf(span: Raw, resource: Attributes, scope: string): Span {
  const { code, message = "" } = (span.status ?? {}) as { code?: number; message?: string };
  const read: Span = {
    service: String(resource["service.name"]),
    resource,
    scope,
    traceId: hex(span.traceId),
    spanId: hex(span.spanId),
    parentId: hex(span.parentSpanId),
    traceState: String(span.traceState ?? ""),
    name: String(span.name),
    kind: KINDS[Number(span.kind ?? 0)] ?? "unspecified",
    startNs: BigInt(String(span.startTimeUnixNano)),
    endNs: BigInt(String(span.endTimeUnixNano)),
    attributes: attributesOf(span.attributes),
    events: list(span.events).map(({ name }) => String(name)),
    links: list(span.links).map(({ traceId, spanId }) => ({ traceId: hex(traceId), spanId: hex(spanId) })),
    error: code === STATUS_ERROR ? { message } : undefined,
  };
  expect(read.traceId).toMatch(/^(?!0+$)[0-9a-f]{32}$/);
  expect(read.spanId).toMatch(/^(?!0+$)[0-9a-f]{16}$/);
  expect(read.parentId).toMatch(/^((?!0+$)[0-9a-f]{16})?$/);
  expect(read.endNs >= read.startNs, `${read.name} ends after it began`).toBe(true);
  return read;
}

function list(value: unknown): readonly Raw[] {
  return (value ?? []) as readonly Raw[];
}

function hex(value: unknown): string {
  return typeof value === "string" ? value : Buffer.from((value ?? []) as Uint8Array).toString("hex");
}

export function attributesOf(pairs: unknown): Attributes {
  const entries = list(pairs).map(({ key, value }) => [String(key), plain(value as Raw)] as const);
  expect(new Set(entries.map(([key]) => key)).size, "no attribute twice").toBe(entries.length);
  return Object.fromEntries(entries);
}

function plain({ stringValue, boolValue, intValue, doubleValue, arrayValue }: Raw): string | number | boolean {
  if (arrayValue !== undefined) return JSON.stringify(list((arrayValue as Raw).values).map(plain));
  if (stringValue !== undefined) return String(stringValue);
  return boolValue !== undefined ? Boolean(boolValue) : Number(intValue ?? doubleValue);
}

/** The spans of one trace as lines, two spaces deeper with each generation: `nginx server POST`. */
export function treeOf(spans: readonly Span[]): readonly string[] {
  expect(new Set(spans.map(({ traceId }) => traceId)).size, "one trace").toBe(1);
  const ids = new Set(spans.map(({ spanId }) => spanId));
  expect(ids.size, "no span twice").toBe(spans.length);
  const lost = spans.filter(({ parentId }) => parentId !== "" && !ids.has(parentId));
  expect(lost, "every parent is there").toEqual([]);
  const below = (parentId: string, depth: number): string[] => {
    const children = spans
      .filter((span) => span.parentId === parentId)
      .sort((a, b) => (a.startNs < b.startNs ? -1 : 1));
    return children.flatMap(({ service, kind, name, spanId }) => {
      return [`${"  ".repeat(depth)}${service} ${kind} ${name}`, ...below(spanId, depth + 1)];
    });
  };
  return below("", 0);
}
