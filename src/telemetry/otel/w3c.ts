/**
 * W3C Trace Context and Baggage in `_meta`: MCP fixes the form there (2026-07-28, "_meta", trace context), whatever
 * propagator a process has for its headers.
 */
import {
  type Baggage,
  type BaggageEntry,
  baggageEntryMetadataFromString,
  type Context,
  createTraceState,
  isSpanContextValid,
  propagation,
  type SpanContext,
  trace,
} from "@opentelemetry/api";

/** Trace Context, level 2, section 3.2: later versions may have more after the flags. */
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
/** What receivers have to take (W3C Baggage, section 3.3.2); more is not read. */
const MAX_BAGGAGE_LENGTH = 8192;
const MAX_BAGGAGE_MEMBERS = 64;

/** Reads one member or header; anything but text is none. */
export type Get = (key: "traceparent" | "tracestate" | "baggage") => unknown;

/** `base` with what the carrier says; what it does not say stays. */
export function extractW3c(base: Context, get: Get): Context {
  const remote = spanContextOf(get);
  const withSpan = remote === undefined ? base : trace.setSpanContext(base, remote);
  const baggage = baggageOf(get("baggage"));
  return baggage === undefined ? withSpan : propagation.setBaggage(withSpan, baggage);
}

function spanContextOf(get: Get): SpanContext | undefined {
  const traceparent = get("traceparent");
  const match = typeof traceparent === "string" ? TRACEPARENT.exec(traceparent) : null;
  if (match === null) return undefined;
  const [, version, traceId = "", spanId = "", flags = "", more] = match;
  if (version === "00" && more !== undefined) return undefined;
  const tracestate = get("tracestate");
  const spanContext: SpanContext = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & 3,
    isRemote: true,
    ...(typeof tracestate === "string" && tracestate !== "" && { traceState: createTraceState(tracestate) }),
  };
  return isSpanContextValid(spanContext) ? spanContext : undefined;
}

function baggageOf(text: unknown): Baggage | undefined {
  if (typeof text !== "string" || text === "" || text.length > MAX_BAGGAGE_LENGTH) return undefined;
  const entries = new Map<string, BaggageEntry>();
  for (const member of text.split(",").slice(0, MAX_BAGGAGE_MEMBERS)) {
    const [pair = "", ...properties] = member.split(";");
    const equals = pair.indexOf("=");
    if (equals < 1) continue;
    const metadata = properties.length > 0 && { metadata: baggageEntryMetadataFromString(properties.join(";")) };
    entries.set(pair.slice(0, equals).trim(), { value: decoded(pair.slice(equals + 1).trim()), ...metadata });
  }
  return entries.size === 0 ? undefined : propagation.createBaggage(Object.fromEntries(entries));
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** Members for `_meta` that carry the context on. */
export function injectW3c(context: Context): Readonly<Record<string, string>> {
  const spanContext = trace.getSpanContext(context);
  if (spanContext === undefined || !isSpanContextValid(spanContext)) return {};
  const { traceId, spanId, traceFlags, traceState } = spanContext;
  const tracestate = traceState?.serialize() ?? "";
  const baggage = baggageText(propagation.getBaggage(context));
  return {
    traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`,
    ...(tracestate !== "" && { tracestate }),
    ...(baggage !== "" && { baggage }),
  };
}

function baggageText(baggage: Baggage | undefined): string {
  let text = "";
  for (const [key, { value, metadata }] of baggage?.getAllEntries().slice(0, MAX_BAGGAGE_MEMBERS) ?? []) {
    const properties = metadata === undefined ? "" : `;${metadata.toString()}`;
    const member = `${text === "" ? "" : ","}${key}=${encodeURIComponent(value)}${properties}`;
    if (text.length + member.length <= MAX_BAGGAGE_LENGTH) text += member;
  }
  return text;
}
