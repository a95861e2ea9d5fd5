import type { JsonObject } from "../util/json.js";
import { explain, type Fetch, fetchJson } from "./fetch-json.js";

/** Hosts that cannot be reached from elsewhere, so that nobody is in between. */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * Where the metadata of an issuer may be, in the order of 2026-07-28, "Authorization Server Metadata Discovery": RFC 8414
 * with the path inserted, OpenID Connect with the path inserted, OpenID Connect with the path in front.
 */
export function metadataUrls(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/+$/, "");
  const inserted = ["oauth-authorization-server", "openid-configuration"].map((name) => {
    return `${origin}/.well-known/${name}${path}`;
  });
  return path === "" ? inserted : [...inserted, `${origin}${path}/.well-known/openid-configuration`];
}

/**
 * Gets the metadata of an issuer from the first place that has it. A document whose `issuer` is not the very same text
 * is not used (RFC 8414, section 3.3): otherwise one tenant of a host could speak for another.
 */
export async function fetchMetadata(issuer: string, fetch: Fetch, signal: AbortSignal): Promise<JsonObject> {
  const failures: string[] = [];
  for (const url of metadataUrls(issuer)) {
    try {
      const document = await fetchJson(url, fetch, signal);
      if (document.issuer === issuer) return document;
      failures.push(`${url} is the metadata of another issuer`);
    } catch (error) {
      failures.push(explain(error));
    }
    signal.throwIfAborted();
  }
  throw new Error(`No metadata of ${issuer}: ${failures.join("; ")}`);
}

/** True for a URL whose answers nobody on the way can have changed: https, or http on the same machine. */
export function isTrustworthy(url: URL): boolean {
  return url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK.test(url.hostname));
}
