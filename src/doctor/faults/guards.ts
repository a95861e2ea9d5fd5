/** What weakens the guards of a server, or keeps the right clients out. */

import type { Mend } from "../types.js";
import type { Fault } from "./fault.js";

export type GuardFault =
  | "host-rewritten"
  | "host-unchecked"
  | "origin-unchecked"
  | "cors-refused"
  | "cors-duplicated"
  | "auth-challenge-missing"
  | "auth-metadata-unreachable"
  | "auth-metadata-mismatch";

const TRUE_HOST: Mend = {
  nginx: "proxy_set_header Host $http_host;",
  caddy: "header_up Host {hostport}",
  haproxy: "# remove http-request set-header Host ...",
  server: 'publicUrl: "https://what.clients.use", so that this name is allowed',
};

export const GUARD_FAULTS: Readonly<Record<GuardFault, Fault>> = {
  "host-rewritten": {
    check: "protection",
    severity: "warning",
    client: "Is sent to an address of the inner network to log in; a web page may get in by rebinding its name.",
    why: "The server is told another Host than the client named, so it can check nothing and builds wrong URLs.",
    mend: TRUE_HOST,
  },
  "host-unchecked": {
    check: "protection",
    severity: "warning",
    client: "Nothing. A web page that points its own name at this server can call it.",
    why: "A request for another host name was served: the proxy rewrites Host, or the server does not check it.",
    mend: TRUE_HOST,
  },
  "origin-unchecked": {
    check: "protection",
    severity: "warning",
    client: "Nothing. Any web page that a user visits can send calls to this server.",
    why: "A request with the Origin of a stranger was served.",
    mend: {
      nginx: "proxy_set_header Origin $http_origin;",
      haproxy: "# remove http-request del-header Origin",
      server: "allowedOrigins without *",
    },
  },
  "cors-refused": {
    check: "protection",
    severity: "error",
    client: "The browser blocks the page's calls.",
    why: "The answers do not allow the page's origin, or not the headers of the protocol.",
    mend: {
      nginx:
        "proxy_hide_header Access-Control-Allow-Origin; add_header Access-Control-Allow-Origin $http_origin always;",
      server: 'allowedOrigins: ["https://the.page"], and no CORS lines in the proxy',
    },
  },
  "cors-duplicated": {
    check: "protection",
    severity: "error",
    client: "The browser blocks the page's calls: two origins are allowed at once.",
    why: "Both the server and the proxy add the header.",
    mend: {
      nginx: "proxy_hide_header Access-Control-Allow-Origin;",
      caddy: "header_down -Access-Control-Allow-Origin",
      haproxy: "http-response del-header Access-Control-Allow-Origin",
    },
  },
  "auth-challenge-missing": {
    check: "auth",
    severity: "error",
    client: "Asks for no login: it is refused and does not learn where to log in.",
    why: "The 401 has no WWW-Authenticate: a hop drops it or answers with a page of its own.",
    mend: { nginx: "proxy_intercept_errors off; proxy_pass_header WWW-Authenticate;" },
  },
  "auth-metadata-unreachable": {
    check: "auth",
    severity: "error",
    client: "Cannot log in: the document that the challenge names is not there.",
    why: "The proxy does not pass the path on, or the challenge names an address of the inner network.",
    mend: {
      nginx: "proxy_set_header Host $http_host;",
      caddy: "header_up Host {hostport}",
      server: 'publicUrl: "https://what.clients.use"',
    },
  },
  "auth-metadata-mismatch": {
    check: "auth",
    severity: "error",
    client: "Refuses to log in: the document is of another resource than the one it calls.",
    why: "The server does not know by which URL it is reached.",
    mend: {
      nginx: "proxy_set_header Host $http_host;",
      caddy: "header_up Host {hostport}",
      server: 'publicUrl: "https://what.clients.use"',
    },
  },
};
