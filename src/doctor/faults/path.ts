/** What stands in the way to the server. */
import type { Fault } from "./fault.js";

export type PathFault =
  | "unreachable"
  | "bad-gateway"
  | "no-mcp"
  | "http10-upstream"
  | "redirect"
  | "body-limit"
  | "clock-skew";

export const PATH_FAULTS: Readonly<Record<PathFault, Fault>> = {
  unreachable: {
    check: "reach",
    severity: "error",
    client: "Fails to connect, or gives up waiting.",
    why: "Nothing answers at this address: wrong host or port, a firewall, or the program does not run.",
    mend: { server: "start it, and look at what it logged: it says that it is listening, and where" },
  },
  "bad-gateway": {
    check: "reach",
    severity: "error",
    client: "Every call fails with 502, 503 or 504.",
    why: "The proxy answers, the server behind it does not: it is down, drains, or listens elsewhere.",
    mend: {
      nginx: "proxy_pass http://127.0.0.1:8000;",
      caddy: "reverse_proxy 127.0.0.1:8000",
      haproxy: "server mcp1 127.0.0.1:8000",
      server: "MCP_HOST and MCP_PORT are what the proxy passes requests to",
    },
  },
  "no-mcp": {
    check: "eras",
    severity: "error",
    client: "Cannot connect: no revision of the protocol is answered.",
    why: "The path leads to something else, or a page of the proxy takes the place of the answer.",
    mend: {
      nginx: "proxy_intercept_errors off;",
      server: "the endpoint is at MCP_PATH (default /mcp), HTTP+SSE at /sse",
    },
  },
  "http10-upstream": {
    check: "headers",
    severity: "error",
    client: "A stream that breaks looks like one that is complete: half an answer is taken for all of it.",
    why: "HTTP/1.0 has no chunks, so only the end of the connection ends a stream. It is nginx's default.",
    mend: {
      nginx: 'proxy_http_version 1.1; proxy_set_header Connection "";',
      caddy: "transport http {\n\tversions 1.1\n}",
    },
  },
  redirect: {
    check: "redirects",
    severity: "error",
    client: "The POST arrives as a GET and is answered with 405, or credentials are left behind on the way.",
    why: "With 301, 302 and 303 clients may change the method, and most do.",
    mend: {
      nginx: "return 308 https://$host$request_uri;",
      caddy: "redir https://{host}{uri} 308",
      haproxy: "http-request redirect scheme https code 308 unless { ssl_fc }",
      server: "give clients the URL that is not redirected",
    },
  },
  "body-limit": {
    check: "bodies",
    severity: "warning",
    client: "Calls with large arguments fail with 413 and a page of HTML; small ones work.",
    why: "The proxy takes less than the server does (nginx: 1 MiB unless told otherwise).",
    mend: {
      nginx: "client_max_body_size 5m;",
      caddy: "request_body {\n\tmax_size 5MiB\n}",
      haproxy: "# remove http-request deny ... if { req.body_size gt ... }",
    },
  },
  "clock-skew": {
    check: "clock",
    severity: "warning",
    client: "Tokens that were just issued are refused as not yet valid or as expired.",
    why: "The Date of the answers is not the time of this machine.",
    mend: { server: "timedatectl set-ntp true, on the machine that is wrong" },
  },
};
