import type { ProtocolVersion } from "../protocol/revisions/index.js";

/** `ok`: looked at and sound. `info`: worth knowing. `warning`: hurts some clients. `error`: breaks them. */
export type Severity = "ok" | "info" | "warning" | "error";

/** Parts of an examination, in the order in which they run. */
export const CHECKS = [
  "reach",
  "tls",
  "redirects",
  "clock",
  "auth",
  "eras",
  "headers",
  "protection",
  "bodies",
  "sessions",
  "streams",
] as const;
export type CheckName = (typeof CHECKS)[number];

/**
 * What has to be written where, in place of a directive of the same name if there is one. What begins with `#` is no
 * directive but says what to remove, or to which block beside it a line belongs.
 */
export interface Mend {
  /** Directives of the `location` block that passes requests on. */
  readonly nginx?: string;
  /** Of the `reverse_proxy` block; `encode`, `request_body` and `redir` of the site around it. */
  readonly caddy?: string;
  /** Of the `defaults`, `frontend` or `backend` section. */
  readonly haproxy?: string;
  /** What to change in the server. */
  readonly server?: string;
}

/** Where an examination is. */
export interface DoctorProgress {
  /** What is looked at now. */
  readonly check: string;
  /** How many checks are done, of how many. */
  readonly done: number;
  readonly total: number;
  /** How the hop nearest to the client calls itself (`Server`), if it does. */
  readonly server?: string | undefined;
}

/** One thing that was found: behind a URL, or, with checks and lines of its own, at a program on stdio. */
export interface Finding<Check extends string = CheckName, Lines = Mend> {
  /** Stable, kebab-case: what the fault is. */
  readonly id: string;
  readonly check: Check;
  readonly severity: Severity;
  /** The revision of the client that would meet it; absent where all would. */
  readonly revision?: ProtocolVersion;
  /** What was seen. */
  readonly seen: string;
  /** What a client would see. Of faults. */
  readonly client?: string;
  readonly why?: string;
  readonly mend?: Lines;
  /** Who does it; known when the server itself could be asked too (`direct`). */
  readonly hop?: "proxy" | "server";
}

export interface DoctorOptions {
  /** On every request, e.g. `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** URL of the same endpoint without the proxy: what is found there too is the server's and not the proxy's. */
  readonly direct?: string;
  /** Only these parts. */
  readonly checks?: readonly CheckName[];
  /** Longest wait for an answer, in milliseconds. Default 10 s. */
  readonly answerMs?: number;
  /** A stream whose first event takes longer is held back by somebody. Default 3 s. */
  readonly firstEventMs?: number;
  /** How long silent streams are watched. Default 40 s: two keep-alive comments of a server that sends one in 15 s. */
  readonly idleMs?: number;
  /** Size of the largest message that is tried. Default 4 MiB, what a server takes unless told otherwise. */
  readonly bodyBytes?: number;
  /** Tool that reports progress, to be called for a streamed answer. Default: none, no tool is called. */
  readonly tool?: { readonly name: string; readonly arguments?: Readonly<Record<string, unknown>> };
  /** Origin of a web page that is meant to call this server. Default: none is. */
  readonly origin?: string;
  /** Ends the examination. */
  readonly signal?: AbortSignal;
  /** Told of each check before it begins, for whoever shows it. */
  readonly onProgress?: (at: DoctorProgress) => void;
}

/** Options with nothing left open, and what follows from the URL. */
export interface Examination {
  /** The MCP endpoint. */
  readonly url: URL;
  /** What stands in front of `/sse`, `/health` and the endpoint. */
  readonly base: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly checks: ReadonlySet<CheckName>;
  readonly answerMs: number;
  readonly firstEventMs: number;
  readonly idleMs: number;
  readonly bodyBytes: number;
  readonly tool: DoctorOptions["tool"];
  readonly origin: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: DoctorOptions["onProgress"];
}
