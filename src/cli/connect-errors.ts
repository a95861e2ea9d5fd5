/** Errors of the client and of sockets in words that say what to do. */
import type { ConnectionOptions } from "./connection-options.js";
import { CliError, EXIT } from "./errors.js";
import type { Target } from "./target.js";

interface Circumstances {
  readonly target: Target;
  readonly options: ConnectionOptions;
  /** The last words of a server that was started. */
  readonly stderr: string;
}

/** What went wrong while connecting, and what to do. */
export function explain(error: unknown, { target, options, stderr }: Circumstances): CliError {
  if (error instanceof CliError) return error;
  const status = statusOf(error);
  const fail = (message: string, hint?: string) => {
    return new CliError(EXIT.connection, message, { cause: error, ...(hint !== undefined && { hint }) });
  };
  const { label } = target;
  if (status === 401) return unauthorized(label, options, error);
  if (status === 403)
    return fail(
      `${label} refuses this caller (403)${said(error)}.`,
      "Another token (--token or MCP_TOKEN) may be allowed to.",
    );
  if (status === 404)
    return fail(
      `There is no MCP server at ${label} (404).`,
      "Is the path right? Most servers use /mcp, older ones /sse.",
    );
  if (status === 429) return fail(`${label} has had too many requests (429).`, "Wait a little, then try again.");
  if (status !== undefined && status >= 500)
    return fail(
      `${label} answered ${status}${said(error)}.`,
      "The server, or a proxy in front of it, has a problem of its own: see its log.",
    );
  const system = systemCodeOf(error);
  if (system !== undefined) return fail(...systemError(system, target));
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  if (code === "REQUEST_TIMEOUT" && target.kind === "url") {
    return fail(
      `${label} did not answer within ${options.connectTimeoutMs} ms.`,
      "Is it an MCP server? --connect-timeout gives it more time.",
    );
  }
  if (code === "ERA_NEGOTIATION_FAILED" && options.revision !== "auto") {
    return fail(
      `${label} does not speak revision ${options.revision}.`,
      "Leave --revision away to use what it speaks.",
    );
  }
  if (target.kind !== "url") return started(error, target, stderr);
  return fail(`${label} could not be used as an MCP server: ${messageOf(error)}`);
}

function unauthorized(label: string, { token }: ConnectionOptions, cause: unknown): CliError {
  const message =
    token === undefined ? `${label} asks for credentials (401).` : `${label} does not accept the token (401).`;
  const hint = `Give an access token with --token or MCP_TOKEN${token === undefined ? ", or a key with --header; on a terminal you are asked to log in, where the server has a login" : "; it may have ended, or be for another server"}.\nholdfast inspect ${label} shows where tokens come from.`;
  return new CliError(EXIT.connection, message, { hint, cause });
}

/** A login that the server's metadata promised, or that was tried without any. */
export function loginFailed(label: string, cause: unknown): CliError {
  return new CliError(
    EXIT.connection,
    `${label} asks for credentials (401), and logging in failed: ${messageOf(cause)}`,
    {
      hint: "Give an access token with --token or MCP_TOKEN, or a key with --header. A provider that registers no clients needs --client-id.",
      cause,
    },
  );
}

const SYSTEM: Readonly<Record<string, readonly [string, string]>> = {
  ECONNREFUSED: ["nothing listens there", "Is the server running, and on this port?"],
  ENOTFOUND: ["there is no such host", "Is the name right?"],
  EAI_AGAIN: ["the name cannot be looked up now", "Is there a network?"],
  ECONNRESET: ["the connection was cut", "A proxy in front of the server may do that: see its log."],
  ETIMEDOUT: ["it does not answer", "A firewall may be in between."],
  UND_ERR_CONNECT_TIMEOUT: ["it does not answer", "A firewall may be in between."],
  CERT_HAS_EXPIRED: ["its certificate has expired", "Renew the certificate of the server."],
  DEPTH_ZERO_SELF_SIGNED_CERT: ["its certificate is signed by itself", "NODE_EXTRA_CA_CERTS=ca.pem makes it known."],
  SELF_SIGNED_CERT_IN_CHAIN: [
    "its certificate is of an authority that is not known here",
    "NODE_EXTRA_CA_CERTS=ca.pem makes it known.",
  ],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [
    "its certificate cannot be verified",
    "The server must send the whole chain, or NODE_EXTRA_CA_CERTS=ca.pem makes it known.",
  ],
  ERR_TLS_CERT_ALTNAME_INVALID: ["its certificate is for another name", "Use the name that is in the certificate."],
};

function systemError(code: string, target: Target): [string, string] {
  if (code === "ENOENT" && target.kind === "command") {
    return [`There is no command ${target.command}.`, "Is it installed, and in PATH?"];
  }
  const [what, hint] = SYSTEM[code] ?? [code, "Is the server running?"];
  return [`${target.label} cannot be reached: ${what} (${code}).`, hint];
}

/** A process that was started and is no MCP server, or none that starts. */
function started(cause: unknown, { label }: Target, stderr: string): CliError {
  const why = /\bclosed\b/i.test(messageOf(cause)) ? "it ended before it answered" : messageOf(cause);
  const words = stderr.trim() === "" ? "It printed nothing on stderr." : "What it printed is above.";
  const message = `${label} was started, but did not open an MCP connection over stdio: ${why}.`;
  return new CliError(EXIT.connection, message, { hint: words, cause });
}

/** The HTTP status in any of the client's errors. */
function statusOf(error: unknown): number | undefined {
  const { name, code, data, message } = (error ?? {}) as {
    readonly name?: unknown;
    readonly code?: unknown;
    readonly data?: { readonly status?: unknown };
    readonly message?: unknown;
  };
  if (name === "UnauthorizedError" || code === "CLIENT_HTTP_AUTHENTICATION") return 401;
  if (name === "InsufficientScopeError" || code === "CLIENT_HTTP_FORBIDDEN") return 403;
  if (typeof data?.status === "number") return data.status;
  if (typeof code === "number" && code >= 400 && code < 600) return code;
  const [, status] = /\b(?:HTTP|status)\D{0,8}([45]\d\d)\b/i.exec(String(message)) ?? [];
  const cause = (error as { readonly cause?: unknown } | undefined)?.cause;
  return status !== undefined ? Number(status) : cause === undefined ? undefined : statusOf(cause);
}

const MAX_CAUSES = 6;

/** The code of the socket, the resolver or TLS, however deep; fetch itself says "fetch failed". */
function systemCodeOf(error: unknown, depth = 0): string | undefined {
  if (typeof error !== "object" || error === null || depth > MAX_CAUSES) return undefined;
  const { code, cause, errors, data, event } = error as Readonly<Record<string, unknown>>;
  if (typeof code === "string" && (Object.hasOwn(SYSTEM, code) || code === "ENOENT")) return code;
  const inner = [cause, data, event, ...(Array.isArray(errors) ? errors : [])];
  for (const one of inner) {
    const found = systemCodeOf(one, depth + 1);
    if (found !== undefined) return found;
  }
  // The event source passes on the text alone.
  const [word] =
    /\b(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ECONNRESET|ETIMEDOUT)\b/.exec(String((error as Error).message)) ?? [];
  return word;
}

function said(error: unknown): string {
  const message = messageOf(error);
  const { error: inner } = (/\{.*\}$/s.exec(message)?.[0] && parsed(/\{.*\}$/s.exec(message)?.[0] ?? "")) || {
    error: undefined,
  };
  const text = (inner as { readonly message?: unknown } | undefined)?.message;
  return typeof text === "string" ? `: ${text.replace(/\.$/, "")}` : "";
}

function parsed(text: string): { readonly error?: unknown } {
  try {
    return JSON.parse(text) as { readonly error?: unknown };
  } catch {
    return {};
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
