/**
 * What configuration is generated from. Everything here ends up inside files that root reads, so every text is checked
 * against what the field may hold: a newline or a quote in a name must not become a directive of its own.
 */
import { bad, optional, portNumber, positive, text } from "./fact-checks.js";

/** How callers prove who they are; decides which documents a proxy must let through and what is warned about. */
export type AuthKind = "none" | "keys" | "oauth";

export interface CertificateFiles {
  /** The chain, PEM. */
  readonly certificate: string;
  /** The private key, PEM. */
  readonly key: string;
}

/** The server at hand. Only `name` and `publicUrl` have no default. */
export interface DeployFacts {
  /** Of the service: unit, upstream, container and label. Lower case letters, digits and `-`. */
  readonly name: string;
  /** What clients use, without the path of the endpoint: `https://tools.example.com` or with a prefix, `/tools`. */
  readonly publicUrl: string;
  readonly description?: string;
  /** Address and port on which the server listens, behind the proxy. Default `127.0.0.1:8000`. */
  readonly host?: string;
  readonly port?: number;
  /** Of the MCP endpoint. Default `/mcp`. */
  readonly path?: string;
  /** Program and arguments. Default `/usr/bin/node dist/main.js`. */
  readonly command?: readonly string[];
  /** Where it is installed. Default `/opt/NAME`. */
  readonly workingDirectory?: string;
  /** Account of the service. Default: one that systemd makes for it. */
  readonly user?: string;
  readonly auth?: AuthKind;
  /** Certificate of the proxy. Without it, Caddy gets one by itself, and nginx and HAProxy name the usual place. */
  readonly tls?: CertificateFiles;
  /** Address on which the proxy listens. Default: all of the machine's. */
  readonly listenHost?: string;
  /** Port on which plain HTTP is sent on to HTTPS; `false` for none. Default 80 when `publicUrl` is HTTPS on 443. */
  readonly redirectPort?: number | false;
  /** Directory of an LMDB store; without it state ends with the process. */
  readonly storeDirectory?: string;
  /** `limits.keepAliveMs`, `limits.maxBodyBytes` and `graceMs` of the server. */
  readonly keepAliveMs?: number;
  readonly maxBodyBytes?: number;
  readonly graceMs?: number;
  /** How long a proxy waits for a server that says nothing. Default: 20 times `keepAliveMs`. */
  readonly idleTimeoutMs?: number;
  /** Container image. Default `NAME:latest`. */
  readonly image?: string;
  /** Processes that are to run; more than one needs no LMDB store and one MCP_SECRET. Default 1. */
  readonly replicas?: number;
}

/** `DeployFacts` with nothing left open. */
export interface ResolvedFacts {
  readonly name: string;
  readonly publicUrl: URL;
  /** Path prefix of `publicUrl` without its last slash; empty for none. */
  readonly prefix: string;
  readonly publicPort: number;
  readonly secure: boolean;
  readonly description: string;
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly command: readonly string[];
  readonly workingDirectory: string;
  readonly user: string | undefined;
  readonly auth: AuthKind;
  readonly tls: CertificateFiles | undefined;
  readonly listenHost: string | undefined;
  readonly redirectPort: number | undefined;
  readonly storeDirectory: string | undefined;
  readonly keepAliveMs: number;
  readonly maxBodyBytes: number;
  readonly graceMs: number;
  readonly idleTimeoutMs: number;
  readonly image: string;
  readonly replicas: number;
}

const HTTPS_PORT = 443;
const HTTP_PORT = 80;
/** Of the server's own tables (`LIMITS`, `RUN_OPTIONS`); repeated as numbers of the facts, which may differ. */
const DEFAULT_KEEP_ALIVE_MS = 15_000;
const DEFAULT_MAX_BODY_BYTES = 4_194_304;
const DEFAULT_GRACE_MS = 10_000;
const DEFAULT_PORT = 8000;
/** Clients that take JSON only hear nothing until the call ends: five minutes for them, with the default keep-alive. */
const IDLE_PER_KEEP_ALIVE = 20;
/** One comment may be late or lost with its connection. */
const LEAST_IDLE_PER_KEEP_ALIVE = 2;

/** Not what YAML takes for something else than a text. */
const NAME = /^(?!(?:true|false|null|yes|no|on|off|y|n)$)[a-z][a-z0-9-]{0,48}$/;
const NAME_RULE =
  "must be lower case letters, digits and -, a letter first, at most 49, and no word that YAML reads otherwise";
const WORDS = /^[\p{L}\p{N} .,:()_/-]{1,200}$/u;
const ABSOLUTE_PATH = /^\/[A-Za-z0-9._@+/-]*$/;
const URL_PATH = /^(\/[A-Za-z0-9._~-]+)*$/;
const ARGUMENT = /^[A-Za-z0-9._@+=:,/-]+$/;
const HOST = /^[A-Za-z0-9.:-]+$/;
const ACCOUNT = /^[a-z_][a-z0-9_-]{0,31}$/;
const IMAGE = /^[a-z0-9][a-z0-9._/:@-]{0,255}$/;

/** Fills in defaults and checks everything. Throws `HoldfastError` (`ERR_CONFIG`) that names the field. */
export function resolveFacts(facts: DeployFacts): ResolvedFacts {
  const name = text("name", facts.name, NAME, NAME_RULE);
  const publicUrl = parsePublicUrl(facts.publicUrl);
  const secure = publicUrl.protocol === "https:";
  const publicPort = publicUrl.port === "" ? (secure ? HTTPS_PORT : HTTP_PORT) : Number(publicUrl.port);
  const keepAliveMs = positive("keepAliveMs", facts.keepAliveMs ?? DEFAULT_KEEP_ALIVE_MS);
  const idleTimeoutMs = positive("idleTimeoutMs", facts.idleTimeoutMs ?? keepAliveMs * IDLE_PER_KEEP_ALIVE);
  if (idleTimeoutMs < keepAliveMs * LEAST_IDLE_PER_KEEP_ALIVE) {
    throw bad("idleTimeoutMs", "must be at least twice keepAliveMs, or quiet streams are cut");
  }
  const storeDirectory = optional("storeDirectory", facts.storeDirectory, ABSOLUTE_PATH);
  const replicas = positive("replicas", facts.replicas ?? 1);
  if (replicas > 1 && storeDirectory !== undefined) {
    throw bad("replicas", "must be 1 with storeDirectory: an LMDB store is for the processes of one machine");
  }
  return {
    name,
    publicUrl,
    prefix: publicUrl.pathname.replace(/\/$/, ""),
    publicPort,
    secure,
    description: text("description", facts.description ?? `MCP server ${name}`, WORDS),
    host: text("host", facts.host ?? "127.0.0.1", HOST),
    port: portNumber("port", facts.port ?? DEFAULT_PORT),
    path: text("path", facts.path ?? "/mcp", URL_PATH),
    command: (facts.command ?? ["/usr/bin/node", "dist/main.js"]).map((one) => text("command", one, ARGUMENT)),
    workingDirectory: text("workingDirectory", facts.workingDirectory ?? `/opt/${name}`, ABSOLUTE_PATH),
    user: optional("user", facts.user, ACCOUNT),
    auth: facts.auth ?? "none",
    tls: facts.tls && {
      certificate: text("tls.certificate", facts.tls.certificate, ABSOLUTE_PATH),
      key: text("tls.key", facts.tls.key, ABSOLUTE_PATH),
    },
    listenHost: optional("listenHost", facts.listenHost, HOST),
    redirectPort: redirectPort(facts, secure && publicPort === HTTPS_PORT),
    storeDirectory,
    keepAliveMs,
    maxBodyBytes: positive("maxBodyBytes", facts.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES),
    graceMs: positive("graceMs", facts.graceMs ?? DEFAULT_GRACE_MS),
    idleTimeoutMs,
    image: text("image", facts.image ?? `${name}:latest`, IMAGE),
    replicas,
  };
}

/** Whole seconds, rounded up: what most configuration files count in. */
export function seconds(ms: number): number {
  return Math.ceil(ms / 1000);
}

/** `host:port`, an IPv6 address in brackets. */
export function upstreamOf({ host, port }: Pick<ResolvedFacts, "host" | "port">): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Mebibytes a proxy lets through: one more than the server takes, so that the server refuses, in words. */
export function bodyMebibytes({ maxBodyBytes }: Pick<ResolvedFacts, "maxBodyBytes">): number {
  return Math.ceil(maxBodyBytes / 1_048_576) + 1;
}

function redirectPort(facts: DeployFacts, usual: boolean): number | undefined {
  if (facts.redirectPort === false) return undefined;
  if (facts.redirectPort !== undefined) return portNumber("redirectPort", facts.redirectPort);
  return usual ? HTTP_PORT : undefined;
}

function parsePublicUrl(given: unknown): URL {
  const url = typeof given === "string" && URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw bad("publicUrl", "must be an http(s) URL");
  if (!/^(\[[0-9a-f:]+\]|[a-z0-9.-]+)$/.test(url.hostname)) throw bad("publicUrl", "must name a plain host");
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw bad("publicUrl", "must be host, port and path alone");
  }
  if (!URL_PATH.test(url.pathname.replace(/\/$/, ""))) throw bad("publicUrl", "must have a plain path");
  return url;
}
