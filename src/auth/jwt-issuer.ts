import type { errors, JWTPayload, JWTVerifyOptions } from "jose";
import type { JsonObject } from "../util/json.js";
import { ownString } from "../util/json.js";
import { refusal, type Unverified } from "./access-token.js";
import { explain } from "./fetch-json.js";
import { fetchMetadata } from "./issuer-metadata.js";
import { jose } from "./jose.js";
import type { ResolvedJwtOptions } from "./jwt-options.js";
import { fetchKeys, type Keys, keysUrl } from "./key-set.js";
import { Renewed } from "./renewed.js";

/** Keys that are tried for a token that names none: anybody can send such tokens, and each try costs a verification. */
const MAX_TRIES = 10;
/** User pools of Cognito, whose access tokens may name the client (`client_id`) in place of an audience. */
const COGNITO = /^https:\/\/cognito-idp\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?\//;

/** A token that was found good, and the keys it was found good with. */
export interface VerifiedToken {
  readonly claims: JsonObject;
  readonly keys: Keys;
}

/** One issuer: its metadata, its keys, and the check of a token against them. */
export class JwtIssuer {
  readonly url: string;
  readonly #metadata: Renewed<JsonObject>;
  readonly keys: Renewed<Keys>;
  readonly #options: ResolvedJwtOptions;

  constructor(url: string, options: ResolvedJwtOptions) {
    this.url = url;
    this.#options = options;
    const { fetch, freshness, insecure, logger, jwksUri } = options;
    const report = (event: string) => (error: unknown) => {
      logger.log("warn", event, { issuer: url, reason: explain(error) });
    };
    this.#metadata = new Renewed<JsonObject>(
      {
        what: `The metadata of ${url}`,
        fetch: (signal) => fetchMetadata(url, fetch, signal),
        failed: report("issuer_metadata_unavailable"),
      },
      freshness,
    );
    this.keys = new Renewed<Keys>(
      {
        what: `The keys of ${url}`,
        fetch: async (signal, previous) => {
          const from = jwksUri ?? keysUrl(await this.#metadata.load({ paced: true }), { issuer: url, insecure });
          return fetchKeys(from, { fetch, signal, previous });
        },
        failed: report("issuer_keys_unavailable"),
      },
      freshness,
    );
  }

  /** What clients may be told of the issuer; an issuer whose keys were named by hand may have nothing to tell. */
  async describe(): Promise<JsonObject | undefined> {
    const metadata = this.#metadata.load();
    return this.#options.jwksUri === undefined ? metadata : metadata.catch(() => undefined);
  }

  /**
   * Checks signature and registered claims. A token that no known key has signed makes the keys be fetched once more, as
   * it may be signed with a new one.
   *
   * @throws AuthenticationError
   * @throws AuthenticationUnavailableError when there are no keys to check it with.
   */
  async verify(token: Unverified): Promise<VerifiedToken> {
    const keys = await this.keys.load();
    try {
      return { claims: await this.#verifyWith(keys, token), keys };
    } catch (error) {
      if (!mayBeNewKey(error, token)) throw refusal(error);
      const newer = await this.keys.newerThan(keys, this.#options.cooldownMs);
      if (newer === undefined) throw refusal(error);
      return { claims: await this.#verifyWith(newer, token).catch(rethrowRefusal), keys: newer };
    }
  }

  async #verifyWith({ find }: Keys, token: Unverified): Promise<JsonObject> {
    const options = this.#checks(token);
    try {
      return (await jose().jwtVerify(token.text, find, options)).payload;
    } catch (error) {
      if (error instanceof jose().errors.JWKSMultipleMatchingKeys) return tryEach(error, token.text, options);
      throw error;
    }
  }

  #checks({ claims }: Unverified): JWTVerifyOptions {
    const { algorithms, audiences, toleranceSeconds, maxTokenAgeSeconds } = this.#options;
    // Read before the signature is checked, but of the same text: what is decided here holds for the verified claims.
    const byClient = COGNITO.test(this.url) && isForClient(claims, audiences);
    return {
      algorithms: [...algorithms],
      issuer: this.url,
      ...(!byClient && { audience: [...audiences] }),
      ...(maxTokenAgeSeconds !== undefined && { maxTokenAge: maxTokenAgeSeconds }),
      clockTolerance: toleranceSeconds,
      requiredClaims: ["exp", "sub"],
    };
  }
}

function isForClient(claims: JsonObject, audiences: readonly string[]): boolean {
  const client = ownString(claims, "client_id");
  const isAccess = ownString(claims, "token_use") === "access" && !Object.hasOwn(claims, "aud");
  return isAccess && client !== undefined && audiences.includes(client);
}

/** A token that names no key was perhaps signed with one that is not known yet, when none that is known fits. */
function mayBeNewKey(error: unknown, { kid }: Unverified): boolean {
  if (error instanceof jose().errors.JWKSNoMatchingKey) return true;
  return kid === undefined && error instanceof jose().errors.JWSSignatureVerificationFailed;
}

/** For a token that does not say which of several keys it was signed with. */
async function tryEach(
  keys: errors.JWKSMultipleMatchingKeys,
  text: string,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  let tries = 0;
  for await (const key of keys) {
    tries += 1;
    if (tries > MAX_TRIES) break;
    try {
      return (await jose().jwtVerify(text, key, options)).payload;
    } catch (error) {
      const isClaims =
        error instanceof jose().errors.JWTClaimValidationFailed || error instanceof jose().errors.JWTExpired;
      // Claims are looked at when the signature is right: no other key will do better.
      if (isClaims || error instanceof jose().errors.JWTInvalid) throw error;
    }
  }
  const { JWSSignatureVerificationFailed } = jose().errors;
  throw new JWSSignatureVerificationFailed();
}

function rethrowRefusal(error: unknown): never {
  throw refusal(error);
}
