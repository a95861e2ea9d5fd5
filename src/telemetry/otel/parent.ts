/** What a request belongs to: the trace its message names, else the one of the HTTP request that brought it. */
import {
  type Context,
  context,
  isSpanContextValid,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type TextMapGetter,
  trace,
} from "@opentelemetry/api";
import type { TelemetryRequest } from "../../server/telemetry.js";
import { own } from "../../util/json.js";
import { extractW3c } from "./w3c.js";

export interface Parent {
  readonly context: Context;
  /** The transport's own trace, where the message names another. */
  readonly links: readonly Link[];
}

const HEADERS: TextMapGetter<TelemetryRequest> = {
  get: (request, key) => request.header(key.toLowerCase()),
  // Nobody needs to know which headers there are.
  keys: () => [],
};

/**
 * `_meta` first: it is what the client says of this message, while one HTTP request may carry several and a proxy may have
 * added to its headers. Then a span that is open around the request (instrumented HTTP), then the headers.
 */
export function parentOf(request: TelemetryRequest): Parent {
  const transport = transportContext(request);
  const found = extractW3c(transport, (key) => own(request.meta, key));
  const named = trace.getSpanContext(found);
  const around = trace.getSpanContext(transport);
  if (named === around || around === undefined || !isSpanContextValid(around)) return { context: found, links: [] };
  const same = named?.traceId === around.traceId && named.spanId === around.spanId;
  return { context: found, links: same ? [] : [{ context: around }] };
}

function transportContext(request: TelemetryRequest): Context {
  // What happens to be active while stdin is read is whatever was when the server was started.
  if (request.transport === "stdio") return ROOT_CONTEXT;
  const active = context.active();
  if (trace.getSpan(active)?.isRecording() === true) return active;
  if (request.transport === "memory") return ROOT_CONTEXT;
  const propagates = propagation.fields().length > 0;
  return propagates
    ? propagation.extract(ROOT_CONTEXT, request, HEADERS)
    : extractW3c(ROOT_CONTEXT, (key) => request.header(key));
}
