/** A client program that is traced: a span of each call, one of each HTTP request, exported by OTLP like the server's. */
import { type Context, ROOT_CONTEXT, type Span, SpanKind, type Tracer, trace } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import { traceparentOf } from "./collected.js";

type Headers = Readonly<Record<string, string>>;

export class Agent {
  readonly #provider: NodeTracerProvider;
  readonly #tracer: Tracer;
  /** What HTTP requests belong to now; those of nobody's call are not traced. */
  #current: { readonly context: Context; readonly headers: Headers } | undefined;

  constructor(endpoint: string) {
    this.#provider = new NodeTracerProvider({
      resource: resourceFromAttributes({ "service.name": "agent" }),
      spanProcessors: [new SimpleSpanProcessor(new OTLPTraceExporter({ url: `${endpoint}/v1/traces` }))],
    });
    this.#tracer = this.#provider.getTracer("agent");
  }

  /** Does `work` as one call with a span; `headers` go with each of its HTTP requests, beside `traceparent`. */
  async call<T>(
    name: string,
    work: (traceparent: string) => Promise<T>,
    headers: Headers = {},
  ): Promise<{ readonly result: T; readonly traceId: string; readonly spanId: string }> {
    const span = this.#tracer.startSpan(name, { kind: SpanKind.CLIENT }, ROOT_CONTEXT);
    this.#current = { context: trace.setSpan(ROOT_CONTEXT, span), headers };
    try {
      return { result: await work(traceparentOf(span)), ...idsOf(span) };
    } finally {
      this.#current = undefined;
      span.end();
    }
  }

  /** The global one, as instrumentation of it behaves. */
  readonly fetch = async (url: string | URL, init: RequestInit = {}): Promise<Response> => {
    if (this.#current === undefined) return fetch(url, init);
    const { context, headers } = this.#current;
    const span = this.#tracer.startSpan(init.method ?? "GET", { kind: SpanKind.CLIENT }, context);
    const all = new Headers(init.headers);
    for (const [name, value] of Object.entries({ ...headers, traceparent: traceparentOf(span) })) all.set(name, value);
    try {
      return await fetch(url, { ...init, headers: all });
    } finally {
      span.end();
    }
  };

  async close(): Promise<void> {
    await this.#provider.shutdown();
  }
}

function idsOf(span: Span): { readonly traceId: string; readonly spanId: string } {
  const { traceId, spanId } = span.spanContext();
  return { traceId, spanId };
}
