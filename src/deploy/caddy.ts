/** A site for Caddy 2.6 and newer. */
import type { ResolvedFacts } from "./facts.js";
import { bodyMebibytes, seconds, upstreamOf } from "./facts.js";
import type { GeneratedFile } from "./types.js";

export function caddyFiles(facts: ResolvedFacts): readonly GeneratedFile[] {
  const path = "Caddyfile";
  const install =
    "/etc/caddy/Caddyfile (one block of global options, at the top), then: caddy validate && systemctl reload caddy";
  return [{ path, content: siteOf(facts), install }];
}

function siteOf(facts: ResolvedFacts): string {
  const { prefix, auth, publicUrl } = facts;
  const inner =
    prefix === ""
      ? indent(proxyOf(facts), "\t")
      : `\thandle_path ${prefix}/* {\n${indent(proxyOf(facts), "\t\t")}\n\t}${auth === "oauth" ? metadataOf(facts) : ""}`;
  return `# ${facts.description} as ${publicUrl.href}
{
	# When Caddy is reloaded or stopped: without it, Caddy waits for open streams for ever. Clients resume what is cut.
	grace_period ${facts.graceMs}ms
}

${publicUrl.protocol}//${publicUrl.host} {
${bindOf(facts)}${tlsOf(facts)}	# Above the server's own bound (${facts.maxBodyBytes} bytes), so that it refuses itself, in words that clients read.
	request_body {
		max_size ${bodyMebibytes(facts)}MiB
	}
	# No "encode" here: a compressor holds events back.
${inner}
}
`;
}

function bindOf({ listenHost }: ResolvedFacts): string {
  return listenHost === undefined ? "" : `\tbind ${listenHost}\n`;
}

function tlsOf({ tls, secure }: ResolvedFacts): string {
  if (!secure) return "";
  if (tls !== undefined) return `\ttls ${tls.certificate} ${tls.key}\n`;
  return "\t# The certificate: Caddy gets and renews one by itself (ACME), and sends http:// on with 308.\n";
}

function proxyOf(facts: ResolvedFacts): string {
  return `reverse_proxy ${upstreamOf(facts)} {
	# Events leave when they are made.
	flush_interval -1
	# A call that was sent is never sent again by the proxy: it may have been carried out.
	lb_retries 0
	lb_try_duration 0
	transport http {
		versions 1.1
		dial_timeout 5s
		# Silence: the server sends a comment every ${facts.keepAliveMs} ms on a stream. A client that takes JSON only hears
		# nothing until its call ends.
		read_timeout ${seconds(facts.idleTimeoutMs)}s
		# Shorter than the server's own, so that no call meets a connection that is being closed.
		keepalive 4s
		# Or the answer would be compressed between the two, and held back for it.
		compression off
	}
	# Host reaches the server as the client sent it; that is Caddy's default and is left alone.
}`;
}

/** RFC 9728, section 3.1: the document of a resource below a prefix is not below the prefix. */
function metadataOf(facts: ResolvedFacts): string {
  const paths = ["oauth-protected-resource", "oauth-authorization-server"].map(
    (document) => `/.well-known/${document}${facts.prefix}*`,
  );
  return `
	# Where clients look for the metadata of ${facts.prefix}/... that were not told (RFC 9728, RFC 8414).
	@metadata path ${paths.join(" ")}
	handle @metadata {
		reverse_proxy ${upstreamOf(facts)}
	}`;
}

function indent(text: string, by: string): string {
  return text.replaceAll(/^(?=.)/gm, by);
}
