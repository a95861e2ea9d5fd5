/** One request as a span, and its share of the metrics. */
import { type Context, context, type Span, SpanKind, SpanStatusCode, type Tracer, trace } from "@opentelemetry/api";
import type { TelemetryEnding, TelemetryQuestion, TelemetryRequest, TelemetrySpan } from "../../server/telemetry.js";
import { errorAttributes, OTHER, questionErrorAttributes, requestAttributes, wireAttributes } from "../attributes.js";
import { ATTRIBUTE } from "../measures.js";
import type { Metrics } from "../metrics.js";
import { parentOf } from "./parent.js";
import { injectW3c } from "./w3c.js";

/** What a span of a request is made with. */
export interface SpanParts {
  readonly tracer: Tracer | undefined;
  readonly metrics: Metrics | undefined;
}

export class RequestSpan implements TelemetrySpan {
  readonly #request: TelemetryRequest;
  readonly #parts: SpanParts;
  readonly #span: Span | undefined;
  readonly #context: Context;

  constructor(request: TelemetryRequest, parts: SpanParts) {
    this.#request = request;
    this.#parts = parts;
    const parent = parentOf(request);
    const attributes = startAttributes(request);
    const links = [...parent.links];
    const options = { kind: SpanKind.SERVER, attributes, links };
    this.#span = parts.tracer?.startSpan(nameOf(request), options, parent.context);
    this.#context = this.#span === undefined ? parent.context : trace.setSpan(parent.context, this.#span);
  }

  run<T>(work: () => T): T {
    return context.with(this.#context, work);
  }

  validated(ok: boolean): void {
    this.#span?.addEvent("holdfast.arguments.validated", { "holdfast.arguments.valid": ok });
  }

  claimed(operationId: string): void {
    this.#span?.addEvent("holdfast.operation.claimed", { [ATTRIBUTE.operationId]: operationId });
  }

  began(): void {
    this.#span?.addEvent("holdfast.handler.started");
  }

  asks(method: string): TelemetryQuestion {
    const { tracer, metrics } = this.#parts;
    const startedAt = performance.now();
    const attributes = { [ATTRIBUTE.method]: method, ...wireAttributes(this.#request), ...sessionOf(this.#request) };
    const span = tracer?.startSpan(method, { kind: SpanKind.CLIENT, attributes }, this.#context);
    return {
      meta: injectW3c(span === undefined ? this.#context : trace.setSpan(this.#context, span)),
      named: (id) => void span?.setAttribute(ATTRIBUTE.requestId, String(id)),
      ended: (error) => {
        metrics?.asked(this.#request, { method, error, durationMs: performance.now() - startedAt });
        if (error !== undefined) {
          span?.setAttributes(questionErrorAttributes(error));
          span?.setStatus({ code: SpanStatusCode.ERROR });
        }
        span?.end();
      },
    };
  }

  ended(ending: TelemetryEnding): void {
    const { outcome, denied, operation, operationId, errorMessage } = ending;
    const errors = errorAttributes(ending);
    this.#parts.metrics?.ended(this.#request, ending);
    this.#span?.setAttributes({
      [ATTRIBUTE.outcome]: outcome,
      ...errors,
      ...(denied !== undefined && { [ATTRIBUTE.denied]: denied }),
      ...(operation !== undefined && { [ATTRIBUTE.operation]: operation }),
      ...(operationId !== undefined && { [ATTRIBUTE.operationId]: operationId }),
    });
    if (ATTRIBUTE.errorType in errors) {
      this.#span?.setStatus({
        code: SpanStatusCode.ERROR,
        ...(errorMessage !== undefined && { message: errorMessage }),
      });
    }
    this.#span?.end();
  }
}

/** `{method} {tool or prompt}`: both from what the server has, so that there are few names. */
function nameOf({ method, known, tool, prompt }: TelemetryRequest): string {
  const target = tool ?? prompt;
  if (!known) return OTHER;
  return target === undefined ? method : `${method} ${target}`;
}

function startAttributes(request: TelemetryRequest): Readonly<Record<string, string>> {
  const { id, method, uri, client } = request;
  return {
    ...requestAttributes(request),
    ...wireAttributes(request),
    [ATTRIBUTE.method]: method,
    [ATTRIBUTE.requestId]: String(id),
    ...(uri !== undefined && { [ATTRIBUTE.resourceUri]: uri }),
    ...sessionOf(request),
    ...(client !== undefined && {
      [ATTRIBUTE.clientName]: client.name,
      [ATTRIBUTE.clientVersion]: client.version,
    }),
  };
}

function sessionOf({ sessionId }: TelemetryRequest): Readonly<Record<string, string>> {
  return sessionId === undefined ? {} : { [ATTRIBUTE.sessionId]: sessionId };
}
