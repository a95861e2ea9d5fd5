/**
 * A real OpenID provider for demonstrations and tests: it registers clients, asks people to log in, and issues access
 * tokens for the warehouse. It knows no passwords: whoever says a name is that person. Never run it for anything else.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from "jose";
import { type Configuration, Provider } from "oidc-provider";

export interface DemoProviderOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** What people may be granted. Default: the permissions of the warehouse. */
  readonly scopes?: readonly string[];
  /** Which tenant somebody belongs to. Default: the part of the name after `@`, else `acme`. */
  readonly tenantOf?: (subject: string) => string;
  /** How client metadata documents are fetched; for tests, whose documents have no address in public. */
  readonly fetch?: typeof fetch;
  /** Seconds that an access token is good for. Default: 5 minutes. */
  readonly accessTokenSeconds?: number;
}

export interface DemoProvider {
  readonly issuer: string;
  close(): Promise<void>;
}

const WAREHOUSE_SCOPES = ["products:read", "warehouse:read", "orders:read", "orders:write"];
const ACCESS_TOKEN_SECONDS = 300;

/** Starts the provider on loopback. */
export async function startProvider(options: DemoProviderOptions = {}): Promise<DemoProvider> {
  const server = createServer();
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, await configure(options));
  server.on("request", provider.callback());
  return {
    issuer,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

async function configure(options: DemoProviderOptions): Promise<Configuration> {
  const { scopes = WAREHOUSE_SCOPES, tenantOf = tenantByName, accessTokenSeconds = ACCESS_TOKEN_SECONDS } = options;
  return {
    jwks: { keys: [await signingKey()] },
    cookies: { keys: [crypto.randomUUID()] },
    scopes: ["openid", "offline_access", ...scopes],
    pkce: { required: () => true },
    // MCP clients are programs on somebody's machine: no secret, a redirect to loopback.
    clientDefaults: { token_endpoint_auth_method: "none", grant_types: ["authorization_code", "refresh_token"] },
    // A client that registers names what it wants first; what its user may grant it later is not bound to that.
    extraClientMetadata: {
      properties: ["software_statement"],
      validator: (_ctx, _key, _value, metadata) => {
        delete metadata.scope;
      },
    },
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    extraTokenClaims: (_ctx, token) => ("accountId" in token ? { tenant: tenantOf(String(token.accountId)) } : {}),
    ttl: { AccessToken: accessTokenSeconds, Grant: 3600, Interaction: 600, Session: 3600 },
    ...(options.fetch && { fetch: options.fetch }),
    features: {
      devInteractions: { enabled: true },
      registration: { enabled: true },
      revocation: { enabled: true },
      introspection: { enabled: true },
      clientIdMetadataDocument: { enabled: true, ack: "draft-02" },
      resourceIndicators: {
        enabled: true,
        // Whatever resource a client names is the audience of its token (RFC 8707): a server takes its own name alone.
        getResourceServerInfo: (_ctx, resource) => ({
          scope: scopes.join(" "),
          audience: resource,
          accessTokenFormat: "jwt",
          accessTokenTTL: accessTokenSeconds,
          jwt: { sign: { alg: "RS256" } },
        }),
      },
    },
  };
}

function tenantByName(subject: string): string {
  return subject.split("@")[1] ?? "acme";
}

async function signingKey(): Promise<object> {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const jwk = await exportJWK(privateKey);
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: "RS256", use: "sig" };
}
