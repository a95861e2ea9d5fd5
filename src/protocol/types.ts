/** Shapes of the wire, named as the specification's schema names them (revision 2026-07-28 unless a comment says else). */

/** A JSON-RPC request id: a string or an integer, never null. */
export type RequestId = string | number;
/** Chosen by the client to receive progress of one request. */
export type ProgressToken = string | number;
/**
 * RFC 5424 severities, least severe first.
 *
 * @example
 * ```ts
 * const worse = LOGGING_LEVELS.slice(LOGGING_LEVELS.indexOf("error")); // "error" to "emergency"
 * ```
 */
export const LOGGING_LEVELS = [
  "debug",
  "info",
  "notice",
  "warning",
  "error",
  "critical",
  "alert",
  "emergency",
] as const;
/** How severe a log message is. */
export type LoggingLevel = (typeof LOGGING_LEVELS)[number];

/** Free metadata; keys follow the specification's prefix rules. */
export type Meta = { readonly [key: string]: unknown };

/** An image to show beside a name; `sizes` as in HTML (`"48x48"`, `"any"`). */
export interface Icon {
  readonly src: string;
  readonly mimeType?: string;
  readonly sizes?: readonly string[];
  readonly theme?: "light" | "dark";
}

/** Name and version of a client or server, self-reported: for display, never for decisions. */
export interface Implementation {
  readonly name: string;
  readonly version: string;
  readonly title?: string;
  readonly description?: string;
  readonly websiteUrl?: string;
  readonly icons?: readonly Icon[];
}

/** What a client declares it can do. What is absent must not be asked of it. */
export interface ClientCapabilities {
  readonly experimental?: Readonly<Record<string, object>>;
  readonly roots?: { readonly listChanged?: boolean };
  readonly sampling?: { readonly context?: object; readonly tools?: object };
  readonly elicitation?: { readonly form?: object; readonly url?: object };
  readonly extensions?: Readonly<Record<string, object>>;
}

/** Hints about a piece of content: whom it is for, how important it is (0 to 1), when it was changed. */
export interface Annotations {
  readonly audience?: readonly ("user" | "assistant")[];
  readonly priority?: number;
  readonly lastModified?: string;
}

/** Text, as a part of a result or of a prompt. */
export interface TextContent {
  readonly type: "text";
  readonly text: string;
  readonly annotations?: Annotations;
  readonly _meta?: Meta;
}
/** An image in Base64, as a part of a result or of a prompt. */
export interface ImageContent {
  readonly type: "image";
  readonly data: string;
  readonly mimeType: string;
  readonly annotations?: Annotations;
  readonly _meta?: Meta;
}
/** A recording in Base64, as a part of a result or of a prompt; clients know it from 2025-03-26 on. */
export interface AudioContent {
  readonly type: "audio";
  readonly data: string;
  readonly mimeType: string;
  readonly annotations?: Annotations;
  readonly _meta?: Meta;
}
/** A resource named in a result, to be read if it is wanted; clients know it from 2025-06-18 on. */
export interface ResourceLink extends Resource {
  readonly type: "resource_link";
}
/** What a resource holds, as text. */
export interface TextResourceContents {
  readonly uri: string;
  readonly mimeType?: string;
  readonly text: string;
  readonly _meta?: Meta;
}
/** What a resource holds, as bytes. */
export interface BlobResourceContents {
  readonly uri: string;
  readonly mimeType?: string;
  /** Base64. */
  readonly blob: string;
  readonly _meta?: Meta;
}
/** What a resource holds. */
export type ResourceContents = TextResourceContents | BlobResourceContents;
/** A resource with what it holds, as a part of a result or of a prompt. */
export interface EmbeddedResource {
  readonly type: "resource";
  readonly resource: ResourceContents;
  readonly annotations?: Annotations;
  readonly _meta?: Meta;
}
/** One part of the result of a tool, or of a message of a prompt. */
export type ContentBlock = TextContent | ImageContent | AudioContent | ResourceLink | EmbeddedResource;

/** The result of a tool as clients get it. `isError`: the tool failed, and the model reads why in `content`. */
export interface CallToolResult {
  readonly content: readonly ContentBlock[];
  readonly structuredContent?: unknown;
  readonly isError?: boolean;
  readonly _meta?: Meta;
}
/** One message of a prompt. */
export interface PromptMessage {
  readonly role: "user" | "assistant";
  readonly content: ContentBlock;
}
/** A prompt with its arguments filled in. */
export interface GetPromptResult {
  readonly description?: string;
  readonly messages: readonly PromptMessage[];
  readonly _meta?: Meta;
}
/** What reading a resource gives: one part, or several. */
export interface ReadResourceResult {
  readonly contents: readonly ResourceContents[];
  /** How long a client may use the answer without asking again, in milliseconds (2026-07-28). */
  readonly ttlMs?: number;
  readonly cacheScope?: CacheScope;
  readonly _meta?: Meta;
}
/** Who may share a kept answer: everybody, or the caller alone (2026-07-28). */
export type CacheScope = "public" | "private";

/** What a tool says of itself. Hints for people and models, never a permission. */
export interface ToolAnnotations {
  readonly title?: string;
  readonly readOnlyHint?: boolean;
  readonly destructiveHint?: boolean;
  readonly idempotentHint?: boolean;
  readonly openWorldHint?: boolean;
}
/** A tool as lists show it. */
export interface Tool {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly icons?: readonly Icon[];
  readonly inputSchema: { readonly [key: string]: unknown };
  readonly outputSchema?: { readonly [key: string]: unknown };
  readonly annotations?: ToolAnnotations;
  readonly _meta?: Meta;
}
/** A resource as lists show it. */
export interface Resource {
  readonly uri: string;
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly mimeType?: string;
  readonly size?: number;
  readonly icons?: readonly Icon[];
  readonly annotations?: Annotations;
  readonly _meta?: Meta;
}
/** A resource template as lists show it. */
export interface ResourceTemplateInfo extends Omit<Resource, "uri" | "size"> {
  readonly uriTemplate: string;
}
/** An argument of a prompt. */
export interface PromptArgument {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly required?: boolean;
}
/** A prompt as lists show it. */
export interface Prompt {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly icons?: readonly Icon[];
  readonly arguments?: readonly PromptArgument[];
  readonly _meta?: Meta;
}
/** A folder or file that a client lets a server know of. */
export interface Root {
  readonly uri: string;
  readonly name?: string;
  readonly _meta?: Meta;
}
/** What a user answered to a question. `content` is there with `accept` alone. */
export interface ElicitResult {
  readonly action: "accept" | "decline" | "cancel";
  readonly content?: Readonly<Record<string, unknown>>;
}
/** One message of a conversation that a model is to continue. */
export interface SamplingMessage {
  readonly role: "user" | "assistant";
  readonly content: unknown;
}
/** What a model of the client is asked. */
export interface CreateMessageParams {
  readonly messages: readonly SamplingMessage[];
  readonly maxTokens: number;
  readonly systemPrompt?: string;
  readonly modelPreferences?: Readonly<Record<string, unknown>>;
  readonly temperature?: number;
  readonly stopSequences?: readonly string[];
  readonly includeContext?: "none" | "thisServer" | "allServers";
  readonly tools?: readonly Tool[];
  readonly toolChoice?: Readonly<Record<string, unknown>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
}
/** What a model of the client answered. */
export interface CreateMessageResult {
  readonly role: "user" | "assistant";
  /** One content block, or from 2025-11-25 on possibly an array of them. */
  readonly content: unknown;
  readonly model: string;
  readonly stopReason?: string;
  readonly _meta?: Meta;
}
/** Values that an argument may take; `total` when there are more than were sent. */
export interface CompletionResult {
  readonly values: readonly string[];
  readonly total?: number;
  readonly hasMore?: boolean;
}
