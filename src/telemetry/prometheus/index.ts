/**
 * Metrics for Prometheus: `holdfast/prometheus`. Needs the package `prom-client`.
 *
 * @module
 */
import { Registry } from "prom-client";
import type { Telemetry, TelemetryServer } from "../../server/telemetry.js";
import { Metrics } from "../metrics.js";
import { registryCollector } from "./collector.js";
import type { PageListener } from "./listener.js";
import { type PrometheusOptions, resolvePrometheusOptions } from "./options.js";

export type { PrometheusOptions } from "./options.js";

/** What `prometheus` returns. */
export interface Prometheus extends Telemetry {
  readonly registry: Registry;
  /** Where metrics are read that have a port of their own; undefined while they are not served. */
  readonly url: string | undefined;
}

/**
 * Metrics of the server for Prometheus. Beside the MCP endpoint `/metrics` needs a caller with the permission
 * `metrics:read`; with `port` it has a port of its own, on loopback unless it has a `token`.
 *
 * @example
 * ```ts
 * import { McpServer } from "holdfast";
 * import { prometheus } from "holdfast/prometheus";
 *
 * const mcp = new McpServer({ name: "demo", version: "1.0.0" }, { telemetry: prometheus({ port: 9464 }) });
 * ```
 *
 * @throws HoldfastError `ERR_CONFIG`, `ERR_PUBLIC_WITHOUT_AUTH`.
 */
export function prometheus(options: PrometheusOptions = {}): Prometheus {
  const resolved = resolvePrometheusOptions(options);
  const { path, requires, port } = resolved;
  const registry = options.registry ?? new Registry();
  const metrics = new Metrics(registryCollector(registry));
  const read = async () => ({ contentType: registry.contentType, text: await registry.metrics() });
  let listener: PageListener | undefined;
  const listen = async ({ logger }: TelemetryServer): Promise<PageListener | undefined> => {
    if (port === undefined) return undefined;
    const { listenForScrapes } = await import("./listener.js");
    const failed = (error: unknown) => logger.log("error", "telemetry_failed", { path, error });
    listener = await listenForScrapes({ ...resolved, port, read, failed });
    logger.log("info", "metrics", { url: listener.url });
    return listener;
  };
  return {
    registry,
    get url() {
      return listener?.url;
    },
    page: resolved.page && port === undefined ? { path, requires, read } : undefined,
    request: (request) => ({
      ended: (ending) => metrics.ended(request, ending),
      asks: (method) => {
        const startedAt = performance.now();
        const ended = (error?: Error) => {
          metrics.asked(request, { method, error, durationMs: performance.now() - startedAt });
        };
        return { meta: {}, ended };
      },
    }),
    authentication: (facts) => metrics.authentication(facts),
    session: (facts) => metrics.session(facts),
    limit: (limit) => metrics.limit(limit),
    start: async (server) => {
      const listening = await listen(server);
      const forget = metrics.start(server);
      return async () => {
        forget();
        await listening?.close();
        listener = undefined;
      };
    },
  };
}
