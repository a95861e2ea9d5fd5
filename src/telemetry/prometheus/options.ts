import type { Registry } from "prom-client";
import { assertSecret } from "../../auth/secrets.js";
import { HoldfastError } from "../../errors.js";
import { OptionChecks } from "../../util/option-checks.js";

/** Options of `prometheus`. */
export interface PrometheusOptions {
  /** Where metrics are kept. Default: a registry of their own. */
  readonly registry?: Registry;
  /** Path of the page: one segment. Default: `/metrics`. */
  readonly path?: string;
  /** The permission that reading the page beside the MCP endpoint needs. Default: `metrics:read`. */
  readonly requires?: string;
  /** Serves the page on this port of its own, and not beside the MCP endpoint; 0 takes a free one. */
  readonly port?: number;
  /** Where that port listens. Default: `127.0.0.1`. Any address that others reach needs a `token`. */
  readonly host?: string;
  /** What readers of that port send as `Authorization: Bearer`. */
  readonly token?: string;
  /** `false`: no page at all; read `registry` yourself. */
  readonly page?: false;
}

export interface ResolvedPrometheusOptions {
  readonly path: string;
  readonly requires: string;
  readonly page: boolean;
  /** Undefined when the page is served beside the MCP endpoint. */
  readonly port: number | undefined;
  readonly host: string;
  readonly token: string | undefined;
}

const OPTIONS: ReadonlySet<string> = new Set<keyof PrometheusOptions>([
  "registry",
  "path",
  "requires",
  "port",
  "host",
  "token",
  "page",
]);
/** A mounted server finds its paths by their last segment. */
const SEGMENT = /^\/[\w.~-]+$/;
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1|\[::1\])$/;
const MAX_PORT = 65_535;

/** @throws HoldfastError `ERR_CONFIG`, `ERR_PUBLIC_WITHOUT_AUTH`. */
export function resolvePrometheusOptions(options: PrometheusOptions): ResolvedPrometheusOptions {
  const checks = new OptionChecks("prometheus()");
  checks.known(options, OPTIONS);
  const { path = "/metrics", requires = "metrics:read", port, host = "127.0.0.1", page } = options;
  if (!SEGMENT.test(path)) throw checks.wrong("path must be one segment, e.g. /metrics");
  checks.text(requires, "requires");
  const token = options.token === undefined ? undefined : assertSecret(options.token, "token", checks);
  if (port === undefined) {
    // A server's callers are asked who they are by its own `auth`.
    if (options.host !== undefined || token !== undefined) throw checks.wrong("host and token need a port");
  } else if (!Number.isInteger(port) || port < 0 || port > MAX_PORT) throw checks.wrong("port must be a port");
  if (page === false && port !== undefined) throw checks.wrong("page: false has no port");
  if (port !== undefined && token === undefined && !LOOPBACK.test(host)) throw isPublic(host);
  return { path, requires, page: page !== false, port, host, token };
}

function isPublic(host: string): HoldfastError {
  return new HoldfastError(
    "ERR_PUBLIC_WITHOUT_AUTH",
    `prometheus(): refusing to serve metrics on ${host} to everybody. Pass a token (Prometheus sends it with ` +
      "`authorization: { credentials }`), or listen on 127.0.0.1.",
  );
}
