import type {
  CallToolResult,
  GetPromptResult,
  Implementation,
  Prompt,
  Resource,
  ResourceTemplateInfo,
  Tool,
} from "../types.js";

/**
 * Every revision of the protocol that this package speaks, oldest first.
 *
 * @example
 * ```ts
 * const newest = PROTOCOL_VERSIONS.at(-1); // "2026-07-28"
 * ```
 */
export const PROTOCOL_VERSIONS = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"] as const;
/** A revision of the protocol, by its date. */
export type ProtocolVersion = (typeof PROTOCOL_VERSIONS)[number];

/** Legacy revisions open with `initialize`; modern ones carry everything in each request (2026-07-28, versioning). */
export type Era = "legacy" | "modern";

/** `methods.ts` of a revision: what a client may send. A method absent from the table is -32601. */
export interface Methods {
  readonly requests: readonly string[];
  readonly notifications: readonly string[];
}

/** `shapes.ts` of a revision: which members its schema defines; what it does not define is not sent. */
export interface Shapes {
  readonly implementation: readonly string[];
  readonly tool: readonly string[];
  readonly resource: readonly string[];
  readonly resourceTemplate: readonly string[];
  readonly prompt: readonly string[];
  readonly promptArgument: readonly string[];
  readonly capabilities: readonly string[];
  /** Types of content blocks; a block of another type is turned into one that the revision has. */
  readonly content: readonly string[];
  /** What `structuredContent` and `outputSchema` may be. */
  readonly structured: "none" | "object" | "any";
}

/** `features.ts` of a revision: how it behaves on the wire. */
export interface Features {
  readonly era: Era;
  /** JSON-RPC batches (2025-03-26 only). */
  readonly batches: boolean;
  /** SSE streams of Streamable HTTP carry ids and can be resumed. */
  readonly resumable: boolean;
  /** A stream begins with an event that has an id and no data (from 2025-11-25). */
  readonly priming: boolean;
  readonly elicitation: { readonly form: boolean; readonly url: boolean; readonly elicitationId: boolean };
  /** `tools` and `toolChoice` in sampling requests. */
  readonly samplingTools: boolean;
  /** Code of the error for a resource that does not exist. */
  readonly resourceNotFound: number;
}

/**
 * One revision of the protocol as the rest of the package sees it: tables to ask and functions that turn the neutral
 * model into the revision's shapes. Results are plain objects; they are serialised once, by the caller.
 */
export interface Revision extends Features {
  readonly version: ProtocolVersion;
  readonly requests: ReadonlySet<string>;
  readonly notifications: ReadonlySet<string>;
  implementation(info: Implementation): object;
  capabilities(capabilities: object): object;
  tool(tool: Tool): object;
  resource(resource: Resource): object;
  resourceTemplate(template: ResourceTemplateInfo): object;
  prompt(prompt: Prompt): object;
  callResult(result: CallToolResult): object;
  promptResult(result: GetPromptResult): object;
}
