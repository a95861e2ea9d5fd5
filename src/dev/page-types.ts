/** What the page and the process behind it say to each other. */
import type { Exchange } from "./log.js";
import type { Failure } from "./upstream.js";

export const REVISIONS = ["auto", "2025-11-25", "2026-07-28"] as const;
export type RevisionChoice = (typeof REVISIONS)[number];

export type Json = Readonly<Record<string, unknown>>;

export interface ToolFacts {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly inputSchema: Json;
  readonly outputSchema?: Json;
  readonly annotations?: Json;
}

export interface ResourceFacts {
  readonly uri?: string;
  readonly uriTemplate?: string;
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly mimeType?: string;
}

export interface PromptFacts {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly arguments?: readonly { readonly name: string; readonly description?: string; readonly required?: boolean }[];
}

export interface Offer {
  readonly tools: readonly ToolFacts[];
  readonly resources: readonly ResourceFacts[];
  readonly resourceTemplates: readonly ResourceFacts[];
  readonly prompts: readonly PromptFacts[];
}

export interface Connected {
  readonly revision: string;
  readonly transport: string;
  readonly name: string;
  readonly version: string;
  readonly instructions: string | undefined;
}

/** Something that a person is to decide: a form, a page to open, words of a model, folders. */
export interface Question {
  readonly id: number;
  readonly method: "elicitation/create" | "sampling/createMessage" | "roots/list";
  readonly params: Json;
}

export interface Problem {
  readonly message: string;
  readonly hint?: string;
  readonly code?: number;
  readonly data?: unknown;
}

export type ServerState =
  | { readonly phase: "starting" | "ending" | "ready" }
  | { readonly phase: "failed"; readonly failure: Failure };

export type PageEvent =
  | { readonly type: "state"; readonly state: ServerState }
  | { readonly type: "choice"; readonly choice: RevisionChoice }
  | { readonly type: "connected"; readonly connected: Connected; readonly offer: Offer }
  | { readonly type: "problem"; readonly problem: Problem }
  | { readonly type: "exchange"; readonly exchange: Exchange }
  | {
      readonly type: "progress";
      readonly call: string;
      readonly progress: number;
      readonly total?: number;
      readonly message?: string;
    }
  | { readonly type: "message"; readonly call: string; readonly level: string; readonly data: unknown }
  | { readonly type: "result"; readonly call: string; readonly result?: Json; readonly problem?: Problem }
  | { readonly type: "question"; readonly question: Question }
  | { readonly type: "answered"; readonly id: number };

/** What the page asks for, by the name of its path below `/api/`. */
export interface PageRequests {
  readonly call: { readonly call: string; readonly kind: CallKind; readonly name: string; readonly arguments: Json };
  readonly cancel: { readonly call: string };
  readonly answer: { readonly id: number; readonly result?: Json; readonly refusal?: string };
  readonly revision: { readonly choice: RevisionChoice };
  readonly restart: Json;
}

export type CallKind = "tool" | "resource" | "prompt";
