/** The facade that a test sees, whichever official client is behind it. */
import type { Answers } from "./official-answers.js";
import type { Queue } from "./queue.js";
import type { WireObject, WireRecorder } from "./wire-schema.js";

export type Era = "legacy" | "modern";
export type OfficialTransport = "stdio" | "sse" | "http";

/** Where a server can be reached; a driver takes the member that it needs. */
export interface OfficialTarget {
  /** Streamable HTTP, e.g. http://127.0.0.1:3000/mcp */
  readonly url?: string | URL;
  /** HTTP+SSE, e.g. http://127.0.0.1:3000/sse */
  readonly sseUrl?: string | URL;
  readonly stdio?: {
    readonly command: string;
    readonly args?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
    readonly cwd?: string;
  };
}

export interface ConnectOptions {
  readonly answers?: Partial<Answers>;
  /** Default: elicitation (form and URL), sampling and roots. */
  readonly capabilities?: WireObject;
  readonly clientInfo?: { readonly name: string; readonly version: string };
  /** On every HTTP request, e.g. `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** In place of the global one, over HTTP. */
  readonly fetch?: (url: string | URL, init?: RequestInit) => Promise<Response>;
}

export interface CallOptions {
  readonly onprogress?: (progress: { progress: number; total?: number; message?: string }) => void;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  readonly meta?: WireObject;
}

export interface ToolResult {
  readonly content: readonly WireObject[];
  readonly structuredContent?: unknown;
  readonly isError?: boolean;
  readonly _meta?: WireObject;
}

export interface NamedItem {
  readonly name: string;
  readonly [key: string]: unknown;
}

export interface Watch {
  /** Of resources whose updates are wanted. */
  readonly uris?: readonly string[];
  /** Wanted list changes; a legacy client gets them all. */
  readonly lists?: readonly ("tools" | "prompts" | "resources")[];
}

export interface OfficialNotification {
  readonly method: string;
  readonly params?: WireObject;
}

export interface OfficialVerbs {
  listTools(): Promise<readonly NamedItem[]>;
  callTool(name: string, args?: WireObject, options?: CallOptions): Promise<ToolResult>;
  listResources(): Promise<readonly NamedItem[]>;
  listResourceTemplates(): Promise<readonly NamedItem[]>;
  readResource(uri: string): Promise<readonly WireObject[]>;
  listPrompts(): Promise<readonly NamedItem[]>;
  getPrompt(name: string, args?: Readonly<Record<string, string>>): Promise<readonly WireObject[]>;
  /** Values for one argument of a prompt (by name) or a resource template (by URI template). */
  complete(ref: Reference, argument: Argument, known?: Readonly<Record<string, string>>): Promise<readonly string[]>;
  /** Legacy: `resources/subscribe` per URI. Modern: one `subscriptions/listen`. Returns what ends it. */
  subscribe(watch: Watch): Promise<() => Promise<void>>;
  /** Legacy: `logging/setLevel`. Modern: sent with every later call. */
  setLogLevel(level: string): Promise<void>;
}

export type Reference = { readonly prompt: string } | { readonly resource: string };
export interface Argument {
  readonly name: string;
  readonly value: string;
}

export interface OfficialClient extends OfficialVerbs {
  readonly label: string;
  readonly era: Era;
  readonly transport: OfficialTransport;
  /** Negotiated. */
  readonly revision: string;
  readonly serverInfo: WireObject | undefined;
  readonly capabilities: WireObject | undefined;
  readonly instructions: string | undefined;
  /** Every notification but progress, in order. */
  readonly notifications: Queue<OfficialNotification>;
  /** What the SDK reported as wrong out of band. */
  readonly errors: Error[];
  /** Judges every message of this connection. */
  readonly recorder: WireRecorder;
  /** The server's stderr so far; empty unless on stdio. */
  readonly stderr: () => string;
  /** Ends the session and the connection; throws when the server sent anything that it may not send. */
  close(): Promise<void>;
}

export interface OfficialDriver {
  /** E.g. `v2 modern http`. */
  readonly label: string;
  readonly sdk: "v1" | "v2";
  readonly era: Era;
  readonly transport: OfficialTransport;
  connect(target: OfficialTarget, options?: ConnectOptions): Promise<OfficialClient>;
}
