/** A virtual host for nginx 1.18 and newer. */
import type { ResolvedFacts } from "./facts.js";
import { bodyMebibytes, seconds, upstreamOf } from "./facts.js";
import type { GeneratedFile } from "./types.js";

export function nginxFiles(facts: ResolvedFacts): readonly GeneratedFile[] {
  const path = `${facts.name}.conf`;
  const install = `/etc/nginx/conf.d/${path}, then: nginx -t && systemctl reload nginx`;
  return [{ path, content: siteOf(facts), install }];
}

function siteOf(facts: ResolvedFacts): string {
  const { name, prefix } = facts;
  return `# ${facts.description} as ${facts.publicUrl.href}
# In the http block: /etc/nginx/conf.d/${name}.conf
# When nginx is reloaded, old workers stay until their streams end; in nginx.conf, beside worker_processes, you may add
# worker_shutdown_timeout 1h;  Clients resume what is cut then.

upstream ${name} {
    server ${upstreamOf(facts)};
    # Connections that are kept; a new one for each call costs more than the call.
    keepalive 32;
}

# Without the query: /messages?sessionId=... names a session.
log_format ${name.replaceAll("-", "_")}_mcp '$remote_addr $time_iso8601 $status $request_method $uri $body_bytes_sent $request_time';
${redirectOf(facts)}
server {
${listenOf(facts)}
    server_name ${facts.publicUrl.hostname};
    access_log /var/log/nginx/${name}.log ${name.replaceAll("-", "_")}_mcp;

    # Above the server's own bound (${facts.maxBodyBytes} bytes), so that it refuses itself, in words that clients read.
    client_max_body_size ${bodyMebibytes(facts)}m;
    # Access tokens and sealed session ids are long; the server takes 16 KiB of headers in all.
    large_client_header_buffers 4 16k;

    location ${prefix}/ {
        proxy_pass http://${name}${prefix === "" ? "" : "/"};
${sharedDirectives(facts)}    }
${metadataOf(facts)}}
`;
}

function sharedDirectives({ idleTimeoutMs, keepAliveMs }: ResolvedFacts): string {
  return `        # HTTP/1.0, the default, knows no chunks: a stream that breaks would look like one that is complete.
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        # The name that clients use; the server checks it, and challenges are made from it.
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;

        # Events leave when they are made: nothing is gathered, compressed or cached.
        proxy_buffering off;
        proxy_request_buffering off;
        proxy_cache off;
        gzip off;

        # Silence: the server sends a comment every ${keepAliveMs} ms on a stream. A client that takes JSON only hears nothing
        # until its call ends.
        proxy_read_timeout ${seconds(idleTimeoutMs)}s;
        proxy_send_timeout ${seconds(idleTimeoutMs)}s;
        proxy_connect_timeout 5s;
        proxy_socket_keepalive on;

        # A call that was sent is never sent again by the proxy: it may have been carried out.
        proxy_next_upstream off;
        # Refusals carry challenges and JSON-RPC errors: they are passed on as they are.
        proxy_intercept_errors off;
        proxy_redirect off;
`;
}

function listenOf(facts: ResolvedFacts): string {
  const { publicPort, secure, tls, name } = facts;
  if (!secure) return listenLines(facts, publicPort, "");
  const { certificate, key } = tls ?? {
    certificate: `/etc/ssl/${name}/fullchain.pem`,
    key: `/etc/ssl/${name}/privkey.pem`,
  };
  return `${listenLines(facts, publicPort, " ssl http2")}
    ssl_certificate ${certificate};
    ssl_certificate_key ${key};
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache shared:${name}:2m;
    ssl_session_timeout 1d;
    ssl_session_tickets off;`;
}

function listenLines({ listenHost }: ResolvedFacts, port: number, parameters: string): string {
  const places =
    listenHost === undefined ? ["", "[::]:"] : [listenHost.includes(":") ? `[${listenHost}]:` : `${listenHost}:`];
  return places.map((place) => `    listen ${place}${port}${parameters};`).join("\n");
}

/** 308 keeps the method: with 301, clients would send their POST as a GET. */
function redirectOf(facts: ResolvedFacts): string {
  const { redirectPort, publicUrl } = facts;
  if (redirectPort === undefined) return "";
  return `
server {
${listenLines(facts, redirectPort, "")}
    server_name ${publicUrl.hostname};
    access_log off;
    # 308 and not 301: the method is kept. With 301 clients send their POST as a GET.
    return 308 https://${publicUrl.host}$request_uri;
}
`;
}

/** RFC 9728, section 3.1: the document of a resource below a prefix is not below the prefix. */
function metadataOf({ auth, prefix, name }: ResolvedFacts): string {
  if (prefix === "" || auth !== "oauth") return "";
  const place = (document: string) => `
    location = /.well-known/${document}${prefix} {
        proxy_pass http://${name};
        proxy_set_header Host $http_host;
    }
    location /.well-known/${document}${prefix}/ {
        proxy_pass http://${name};
        proxy_set_header Host $http_host;
    }
`;
  return `
    # Where clients look for the metadata of ${prefix}/... that were not told (RFC 9728, RFC 8414).
${place("oauth-protected-resource")}${place("oauth-authorization-server")}`;
}
