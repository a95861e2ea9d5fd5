/** What happens to event streams and to the sessions they belong to. */
import type { Fault } from "./fault.js";

export type StreamFault =
  | "stream-buffered"
  | "stream-compressed"
  | "stream-idle-cutoff"
  | "stream-quiet"
  | "progress-buffered"
  | "session-lost"
  | "resume-lost";

/** Requests without a session, which are those of 2026-07-28 too, are still spread. */
const STICKY =
  '# http: map $http_mcp_session_id $mcp_route { "" $request_id; default $http_mcp_session_id; }\n' +
  "# upstream: hash $mcp_route consistent;";

export const STREAM_FAULTS: Readonly<Record<StreamFault, Fault>> = {
  "stream-buffered": {
    check: "streams",
    severity: "error",
    client: "Progress, questions and log messages come all at once at the end, or the client gives up before.",
    why: "A hop gathers the answer before it passes it on.",
    mend: { nginx: "proxy_buffering off;", caddy: "flush_interval -1", haproxy: "no option http-buffer-request" },
  },
  "stream-compressed": {
    check: "streams",
    severity: "warning",
    client: "Events come late and in bursts, as the compressor lets go of them; some clients cannot read them at all.",
    why: "A hop compresses text/event-stream, although the answer says no-transform.",
    mend: {
      nginx: "gzip off;",
      caddy: "encode {\n\tgzip\n\tmatch {\n\t\theader Content-Type application/json*\n\t}\n}",
      haproxy: "compression type application/json",
    },
  },
  "stream-idle-cutoff": {
    check: "streams",
    severity: "error",
    client:
      "Quiet calls and standing streams break and have to be resumed, over and over; without resuming they are lost.",
    why: "A hop closes connections on which nothing was said for a while, before the server says its next keep-alive.",
    mend: {
      nginx: "proxy_read_timeout 300s; proxy_send_timeout 300s;",
      caddy: "transport http {\n\tread_timeout 300s\n}",
      haproxy: "timeout client 300s\ntimeout server 300s",
      server: "limits: { keepAliveMs: 5000 }, where the timeout is not yours to change",
    },
  },
  "stream-quiet": {
    check: "streams",
    severity: "warning",
    client: "Breaks in front of the next load balancer with an idle timeout, often after 60 s.",
    why: "No keep-alive comment came: the server sends none, or a hop holds it back.",
    mend: { nginx: "proxy_buffering off;", caddy: "flush_interval -1", server: "limits.keepAliveMs below 30000" },
  },
  "progress-buffered": {
    check: "streams",
    severity: "error",
    client: "Sees no progress: everything comes with the result.",
    why: "A hop gathers answers to POST before it passes them on.",
    mend: { nginx: "proxy_buffering off;", caddy: "flush_interval -1", haproxy: "no option http-buffer-request" },
  },
  "session-lost": {
    check: "sessions",
    severity: "error",
    client: "Calls fail now and then with 404; the client starts anew and forgets its subscriptions.",
    why: "Requests of one session reach several processes that do not know each other's sessions.",
    mend: {
      nginx: STICKY,
      caddy: "lb_policy header Mcp-Session-Id",
      haproxy: "balance hdr(Mcp-Session-Id)",
      server: "the same MCP_SECRET for every process",
    },
  },
  "resume-lost": {
    check: "sessions",
    severity: "warning",
    client: "After a broken connection what was said meanwhile is gone: 404, and the client starts anew.",
    why: "The stream was resumed at a process that does not have it, or Last-Event-ID did not arrive.",
    mend: {
      nginx: STICKY,
      caddy: "lb_policy header Mcp-Session-Id",
      haproxy: "balance hdr(Mcp-Session-Id)",
      server: "one process, or a store that they share",
    },
  },
};
