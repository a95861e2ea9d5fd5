import { ErrorCode, McpError } from "../errors.js";
import type { TelemetryEnding, TelemetryRequest } from "../server/telemetry.js";
import { ATTRIBUTE } from "./measures.js";

export type Attributes = Readonly<Record<string, string>>;

/** What names that anybody can make up are counted under (OpenTelemetry, "General metrics", well-known fallback). */
export const OTHER = "_OTHER";
/** `error.type` of a result with `isError` (conventions for MCP). */
const TOOL_ERROR = "tool_error";

type Wire = Pick<TelemetryRequest, "revision" | "transport">;

/** How the messages travel. */
export function wireAttributes({ revision, transport }: Wire): Attributes {
  const version = { [ATTRIBUTE.protocolVersion]: revision };
  if (transport === "memory") return version;
  if (transport === "stdio") return { ...version, [ATTRIBUTE.transport]: "pipe" };
  return { ...version, [ATTRIBUTE.transport]: "tcp", [ATTRIBUTE.protocolName]: "http" };
}

/** What is asked for, in names of the server: as many as it has, and not as callers make up. */
export function requestAttributes({ method, known, tool, prompt }: TelemetryRequest): Attributes {
  return {
    [ATTRIBUTE.method]: known ? method : OTHER,
    ...(method === "tools/call" && { [ATTRIBUTE.operationName]: "execute_tool" }),
    ...(tool !== undefined && { [ATTRIBUTE.tool]: tool }),
    ...(prompt !== undefined && { [ATTRIBUTE.prompt]: prompt }),
  };
}

/** What went wrong; empty for what did not. A client that cancels is no error of the server. */
export function errorAttributes({ outcome, errorCode }: TelemetryEnding): Attributes {
  if (outcome === "tool_error" || outcome === "unknown") return { [ATTRIBUTE.errorType]: TOOL_ERROR };
  if (outcome !== "error") return {};
  const code = errorCode === undefined ? OTHER : String(errorCode);
  return { [ATTRIBUTE.errorType]: code, [ATTRIBUTE.statusCode]: code };
}

const CODES: ReadonlySet<number> = new Set(Object.values(ErrorCode));

/** Why the client did not answer: the code it refused with, else one of ours, else the class. */
export function questionErrorAttributes(error: Error | undefined): Attributes {
  if (error === undefined) return {};
  const { cause, code } = error as { readonly cause?: unknown; readonly code?: unknown };
  if (!(cause instanceof McpError)) return { [ATTRIBUTE.errorType]: typeof code === "string" ? code : error.name };
  // Clients make up codes, and each would be a series of its own.
  const refused = CODES.has(cause.code) ? String(cause.code) : OTHER;
  return { [ATTRIBUTE.errorType]: refused, [ATTRIBUTE.statusCode]: refused };
}
