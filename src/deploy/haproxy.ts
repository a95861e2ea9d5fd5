/** A configuration for HAProxy 2.4 and newer. */
import type { ResolvedFacts } from "./facts.js";
import { seconds, upstreamOf } from "./facts.js";
import type { GeneratedFile } from "./types.js";

export function haproxyFiles(facts: ResolvedFacts): readonly GeneratedFile[] {
  const install = "/etc/haproxy/haproxy.cfg, then: haproxy -c -f /etc/haproxy/haproxy.cfg && systemctl reload haproxy";
  return [{ path: "haproxy.cfg", content: configurationOf(facts), install }];
}

function configurationOf(facts: ResolvedFacts): string {
  const { name, publicUrl, idleTimeoutMs, keepAliveMs, graceMs } = facts;
  return `# ${facts.description} as ${publicUrl.href}
global
    log stderr format raw local0 notice
    # A stream is a connection for as long as it is open. Twice as many open files are needed (LimitNOFILE of the unit).
    maxconn 8000
    # After a reload the old process stays until its streams end, but not longer than this. Clients resume what is cut.
    hard-stop-after 1h
${facts.secure ? "    ssl-default-bind-options ssl-min-ver TLSv1.2\n" : ""}
defaults
    mode http
    log global
    timeout connect 5s
    # From the first byte of a request to the end of its headers.
    timeout http-request 15s
    timeout http-keep-alive 60s
    # Silence: the server sends a comment every ${keepAliveMs} ms on a stream. A client that takes JSON only hears nothing until
    # its call ends.
    timeout client ${seconds(idleTimeoutMs)}s
    timeout server ${seconds(idleTimeoutMs)}s
    # A call that was sent is never sent again by the proxy: it may have been carried out. Only connecting is tried again.
    retries 3
    retry-on conn-failure
    # Without it HAProxy waits for more to send with an event: up to 200 ms for each.
    option http-no-delay
    # Bodies and events go through as they come: no "option http-buffer-request", no "compression".

frontend ${name}
${bindOf(facts)}${prefixOf(facts)}    default_backend ${name}

backend ${name}
    # HAProxy passes Host on as the client sent it. /ready turns 503 as soon as the server is told to stop: it gets no new
    # calls, and those in flight have ${seconds(graceMs)} s.
    option httpchk
    http-check send meth GET uri /ready ver HTTP/1.1 hdr Host ${publicUrl.host}
${rewriteOf(facts)}    server ${name}1 ${upstreamOf(facts)} check inter 2s fall 1 rise 1
`;
}

function bindOf(facts: ResolvedFacts): string {
  const { publicPort, secure, redirectPort, name, publicUrl, tls, listenHost = "" } = facts;
  if (!secure) return `    bind ${listenHost}:${publicPort}\n`;
  const pem = `/etc/haproxy/certs/${name}.pem`;
  const { certificate, key } = tls ?? { certificate: "fullchain.pem", key: "privkey.pem" };
  const redirect =
    redirectPort === undefined
      ? ""
      : `    bind ${listenHost}:${redirectPort}
    # 308 and not 301: the method is kept. With 301 clients send their POST as a GET.
    http-request redirect prefix https://${publicUrl.host} code 308 unless { ssl_fc }
`;
  return `    # Chain and key in one file: cat ${certificate} ${key} > ${pem}
    bind ${listenHost}:${publicPort} ssl crt ${pem} alpn h2,http/1.1
${redirect}`;
}

function prefixOf({ prefix, auth }: ResolvedFacts): string {
  if (prefix === "") return "";
  const metadata = auth === "oauth" ? " || { path_beg /.well-known/oauth- }" : "";
  return `    http-request deny deny_status 404 unless { path_beg ${prefix}/ }${metadata}\n`;
}

function rewriteOf({ prefix }: ResolvedFacts): string {
  if (prefix === "") return "";
  return `    http-request replace-path ^${prefix.replaceAll(".", "\\.")}(/.*)$ \\1\n`;
}
