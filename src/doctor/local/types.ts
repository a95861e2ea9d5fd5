import type { DoctorProgress, Finding } from "../types.js";

/** Parts of an examination over stdio, in the order in which they run. `stdout` is judged last, of all that was printed. */
export const LOCAL_CHECKS = ["start", "eras", "requests", "environment", "idle", "exit", "stdout"] as const;
export type LocalCheckName = (typeof LOCAL_CHECKS)[number];

/** What to write where. One line of code where one line mends it; what begins with `#` or `//` says what to change. */
export interface LocalMend {
  readonly javascript?: string;
  readonly python?: string;
  /** In the configuration of the client. */
  readonly client?: string;
}

export type LocalFinding = Finding<LocalCheckName, LocalMend>;

/** How the server is started. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
}

export interface LocalOptions {
  /** Only these parts. */
  readonly checks?: readonly LocalCheckName[];
  /** Longest wait for the answer to a request, in milliseconds. Default 10 s. */
  readonly answerMs?: number;
  /** Longest wait for the first answer. Default 30 s. */
  readonly startMs?: number;
  /** A first answer that takes longer is a finding. Default 5 s. */
  readonly slowStartMs?: number;
  /** How long the server may take to end. Default 2 s, after which the official clients use force. */
  readonly exitMs?: number;
  /** How long the server is left alone to see what it does then. Default 1 s. */
  readonly idleMs?: number;
  /** Environment of the server. Default: that of this process. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Ends the examination, and the servers that it started. */
  readonly signal?: AbortSignal;
  /** Told of each check before it begins, for whoever shows it. */
  readonly onProgress?: (at: DoctorProgress) => void;
}

/** Options with nothing left open. */
export interface LocalExamination {
  readonly program: Program;
  readonly checks: ReadonlySet<LocalCheckName>;
  readonly answerMs: number;
  readonly startMs: number;
  readonly slowStartMs: number;
  readonly exitMs: number;
  readonly idleMs: number;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: LocalOptions["onProgress"];
}
