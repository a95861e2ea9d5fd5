import type { JSONWebKeySet, LocalJWKSet } from "jose";
import type { JsonObject } from "../util/json.js";
import { type Fetch, fetchJson } from "./fetch-json.js";
import { isTrustworthy } from "./issuer-metadata.js";
import { jose } from "./jose.js";

/** Keys of one issuer: a few per algorithm, and twice as many during a rotation. */
const MAX_KEYS = 100;

/** The public keys of an issuer at one time. The same object as long as the issuer publishes the same. */
export interface Keys {
  readonly find: LocalJWKSet;
  /** What was published, to see whether anything has changed. */
  readonly text: string;
}

/** Gets a key set (RFC 7517, section 5) and checks its form; gives `previous` when that is the same. */
export async function fetchKeys(
  url: string,
  { fetch, signal, previous }: { fetch: Fetch; signal: AbortSignal; previous: Keys | undefined },
): Promise<Keys> {
  const document = await fetchJson(url, fetch, signal);
  const { keys } = document;
  if (!Array.isArray(keys)) throw new Error(`${url} answered with something that is no key set`);
  if (keys.length > MAX_KEYS) throw new Error(`${url} answered with more than ${MAX_KEYS} keys`);
  const text = JSON.stringify(keys);
  if (previous?.text === text) return previous;
  // Its members are checked there: the set is refused unless they are objects, a key when it is first used.
  return { find: jose().createLocalJWKSet({ keys } as JSONWebKeySet), text };
}

/**
 * Where the metadata say the keys are.
 *
 * @throws Error when they name no URL, or one that is less protected than the issuer itself: its answers could be changed
 *   on the way.
 */
export function keysUrl(metadata: JsonObject, { issuer, insecure }: { issuer: string; insecure: boolean }): string {
  const { jwks_uri: text } = metadata;
  if (typeof text !== "string" || !URL.canParse(text)) throw new Error("The issuer's metadata have no jwks_uri");
  const url = new URL(text);
  const isAsGood = issuer.startsWith("http:") && url.protocol === "http:" && (insecure || isTrustworthy(url));
  if (url.protocol === "https:" || isAsGood) return text;
  throw new Error("The jwks_uri of the issuer's metadata is not https");
}
