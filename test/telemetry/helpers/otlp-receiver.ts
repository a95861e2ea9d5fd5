/** A receiver of OTLP over HTTP with protobuf, in the place of a collector. */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { expect } from "vitest";
import { until } from "../../faults/helpers/until.js";
import { type Metric, metricsOf } from "./otlp-metrics.js";
import { type Span, spansOf } from "./otlp-spans.js";
import { decode } from "./otlp-wire.js";

export class OtlpReceiver {
  readonly spans: Span[] = [];
  /** What was sent, oldest first; every export has all metrics. */
  readonly exports: (readonly Metric[])[] = [];
  /** What was wrong with a request; the exporters would only retry. */
  readonly #faults: unknown[] = [];
  readonly #server: Server = createServer((request, response) => {
    this.#take(request).then(
      () => response.writeHead(200, { "content-type": "application/x-protobuf" }).end(),
      (error: unknown) => {
        this.#faults.push(error);
        response.writeHead(400).end();
      },
    );
  });

  static async start(): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver();
    await new Promise<void>((resolve) => receiver.#server.listen(0, "127.0.0.1", resolve));
    return receiver;
  }

  /** What OTEL_EXPORTER_OTLP_ENDPOINT has to be. */
  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Waits until so many spans of this kind are there. */
  async expect(what: string, is: (span: Span) => boolean, count = 1): Promise<readonly Span[]> {
    await until(`${count} × ${what}`, () => this.#faults.length > 0 || this.spans.filter(is).length >= count);
    expect(this.#faults).toEqual([]);
    const found = this.spans.filter(is);
    expect(found, what).toHaveLength(count);
    return found;
  }

  async one(service: string, name: string, traceId?: string): Promise<Span> {
    const is = (span: Span) => {
      return span.service === service && span.name === name && (traceId === undefined || span.traceId === traceId);
    };
    return (await this.expect(`${name} of ${service}`, is))[0] as Span;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    expect(this.#faults).toEqual([]);
  }

  async #take(request: IncomingMessage): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { url, headers, method } = request;
    expect([method, headers["content-type"]]).toEqual(["POST", "application/x-protobuf"]);
    const sent = Buffer.concat(chunks);
    const body = headers["content-encoding"] === "gzip" ? gunzipSync(sent) : sent;
    if (url === "/v1/traces") this.spans.push(...spansOf(decode("Traces", body)));
    else if (url === "/v1/metrics") this.exports.push(metricsOf(decode("Metrics", body)));
    else throw new Error(`nothing is sent to ${url}`);
  }
}
