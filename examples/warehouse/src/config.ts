/** What the environment says. Whatever is missing or contradicts itself ends the start, with words. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface Configuration {
  readonly host: string;
  readonly port: number;
  readonly databaseUrl: string | undefined;
  readonly dataDirectory: string | undefined;
  readonly publicUrl: string | undefined;
  readonly tenantClaims: readonly string[] | undefined;
  readonly fallbackTenant: string | undefined;
  readonly seed: boolean;
  readonly auth: AuthConfiguration;
}

export type AuthConfiguration =
  | { readonly kind: "issuer"; readonly issuer: string; readonly audience: readonly string[] }
  | { readonly kind: "demo" };

export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
}

const DEFAULT_PORT = 8000;
const LOOPBACK = new Set(["127.0.0.1", "::1", "localhost"]);

export function readConfiguration(env: Environment): Configuration {
  const auth = readAuth(env);
  const host = set(env.HOST) ?? "127.0.0.1";
  if (auth.kind === "demo" && !LOOPBACK.has(host)) {
    throw new ConfigurationError("The demonstration prints its keys and listens on loopback only: leave HOST out.");
  }
  return {
    host,
    port: portOf(set(env.PORT)),
    databaseUrl: set(env.DATABASE_URL),
    dataDirectory: set(env.WAREHOUSE_DATA),
    publicUrl: set(env.PUBLIC_URL),
    tenantClaims: set(env.WAREHOUSE_TENANT_CLAIM)
      ?.split(",")
      .map((claim) => claim.trim()),
    fallbackTenant: set(env.WAREHOUSE_DEFAULT_TENANT),
    seed: auth.kind === "demo" || env.WAREHOUSE_SEED === "1",
    auth,
  };
}

function readAuth(env: Environment): AuthConfiguration {
  const issuer = set(env.AUTH_ISSUER);
  const demo = env.WAREHOUSE_DEMO === "1";
  if (issuer === undefined && demo) return { kind: "demo" };
  if (issuer === undefined) {
    throw new ConfigurationError(
      "AUTH_ISSUER is not set, and this server lets nobody in without authentication. Set AUTH_ISSUER and AUTH_AUDIENCE, " +
        "or WAREHOUSE_DEMO=1 to try it on this machine with keys that are made at the start.",
    );
  }
  if (demo) throw new ConfigurationError("AUTH_ISSUER and WAREHOUSE_DEMO=1 exclude each other: set one of them.");
  const audience = set(env.AUTH_AUDIENCE);
  if (audience === undefined) {
    throw new ConfigurationError(
      "AUTH_AUDIENCE is not set: without it, tokens for any other service of the issuer would be accepted here. " +
        "It is the identifier of this API at the issuer, usually the URL of the MCP endpoint.",
    );
  }
  return { kind: "issuer", issuer, audience: audience.split(",").map((one) => one.trim()) };
}

function portOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_PORT;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new ConfigurationError(`PORT must be a port number, got ${text}`);
}

function set(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === "" ? undefined : value.trim();
}
