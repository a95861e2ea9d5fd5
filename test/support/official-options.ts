/** What both SDKs are given in the same shape. */
import type { CallOptions, ConnectOptions, OfficialTarget, OfficialTransport } from "./official-types.js";

export interface StdioParameters {
  command: string;
  args: string[];
  env: Record<string, string>;
  stderr: "pipe";
  cwd?: string;
}

export function stdioParameters({ stdio }: OfficialTarget, defaults: Record<string, string>): StdioParameters {
  if (stdio === undefined) throw new TypeError("the target names no command for stdio");
  const { command, args = [], env = {}, cwd } = stdio;
  const parameters: StdioParameters = { command, args: [...args], env: { ...defaults, ...env }, stderr: "pipe" };
  return cwd === undefined ? parameters : { ...parameters, cwd };
}

export function httpParameters(
  { url, sseUrl }: OfficialTarget,
  { headers = {}, fetch }: ConnectOptions,
  kind: OfficialTransport,
): { url: URL; http: { requestInit: { headers: Record<string, string> }; fetch?: ConnectOptions["fetch"] } } {
  const at = kind === "sse" ? sseUrl : url;
  if (at === undefined) throw new TypeError(`the target names no URL for ${kind}`);
  return { url: new URL(at), http: { requestInit: { headers: { ...headers } }, ...(fetch && { fetch }) } };
}

export function requestOptions({ onprogress, signal, timeoutMs }: CallOptions): {
  onprogress?: CallOptions["onprogress"];
  signal?: AbortSignal;
  timeout?: number;
} {
  return {
    ...(onprogress && { onprogress }),
    ...(signal && { signal }),
    ...(timeoutMs !== undefined && { timeout: timeoutMs }),
  };
}

/** A stdio transport hands out the child's stderr before it starts; others have none. */
export function collectStderr(transport: object): () => string {
  const chunks: Buffer[] = [];
  const stream = Reflect.get(transport, "stderr") as NodeJS.EventEmitter | null | undefined;
  stream?.on("data", (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString("utf8");
}
