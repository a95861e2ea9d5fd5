/** What the package gives everywhere. */
export type { AuditJsonLinesOptions } from "./audit/json-lines.js";
export { auditJsonLines } from "./audit/json-lines.js";
export { redactUri } from "./audit/names.js";
export type { AuditStream } from "./audit/stream-target.js";
export type {
  AuditAuthenticationEvent,
  AuditCallEvent,
  AuditDenialReason,
  AuditEvent,
  AuditedName,
  AuditOptions,
  AuditOutcome,
  AuditSink,
} from "./audit/types.js";
export { anyOf } from "./auth/any-of.js";
export type { ApiKey, ApiKeyOwner } from "./auth/api-key-table.js";
export { hashApiKey } from "./auth/api-key-table.js";
export type { ApiKeysOptions } from "./auth/api-keys.js";
export { apiKeys } from "./auth/api-keys.js";
export type { Authenticator, AuthRequest, OAuthResource } from "./auth/authenticator.js";
export { anonymous, custom } from "./auth/authenticator.js";
export type { IntrospectionOptions } from "./auth/introspection.js";
export { introspection } from "./auth/introspection.js";
export { jwt } from "./auth/jwt.js";
export type { JwtOptions } from "./auth/jwt-options.js";
export type { Permissions, Requirement, Ruling } from "./auth/permissions.js";
export { hasPermission } from "./auth/permissions.js";
export type { Principal } from "./auth/principal.js";
export type { SharedSecretOptions } from "./auth/shared-secret.js";
export { sharedSecret } from "./auth/shared-secret.js";
export type { HoldfastErrorCode } from "./errors.js";
export {
  AuthenticationError,
  AuthenticationUnavailableError,
  ErrorCode,
  HoldfastError,
  McpError,
  MissingClientCapabilityError,
  PermissionError,
  Retryable,
  ToolError,
} from "./errors.js";
export { McpServer } from "./mcp-server.js";
export type { Operation } from "./operations/types.js";
export type { ProtocolVersion } from "./protocol/revisions/index.js";
export { PROTOCOL_VERSIONS } from "./protocol/revisions/index.js";
export type * from "./protocol/types.js";
export type { RunHandle } from "./runtimes/run.js";
export type { RunOptions, Transport } from "./runtimes/run-options.js";
export type { LimitName, Limits } from "./server/limits.js";
export { LIMITS } from "./server/limits.js";
export type { McpServerOptions } from "./server/options.js";
export type { ClientFacts, TransportName } from "./server/peer.js";
export { ResourceTemplate } from "./server/resource-template.js";
export type {
  JsonSchema,
  RawShape,
  StandardIssue,
  StandardJsonSchema,
  StandardResult,
  StandardSchema,
} from "./server/schema/types.js";
export type {
  Telemetry,
  TelemetryAuthentication,
  TelemetryEnding,
  TelemetryFigures,
  TelemetryPage,
  TelemetryQuestion,
  TelemetryRequest,
  TelemetryServer,
  TelemetrySession,
  TelemetrySpan,
} from "./server/telemetry.js";
export type {
  AsReadonly,
  CacheHint,
  Completer,
  ContextLog,
  CutOffOperation,
  FormElicitation,
  FormResult,
  InferInput,
  InferOutput,
  ListTemplate,
  Middleware,
  MiddlewareRequest,
  PromptConfig,
  PromptHandler,
  PromptReturn,
  RateLimit,
  ReadResource,
  ReadTemplate,
  Recovered,
  Registered,
  RequestContext,
  RequestContext as ToolContext,
  RequestInfo,
  ResourceConfig,
  SchemaInput,
  TaskConfig,
  TaskStart,
  ToolConfig,
  ToolHandler,
  ToolReturn,
  UrlElicitation,
  Viewer,
  Visible,
  WhenDenied,
} from "./server/types.js";
export type {
  Acquired,
  CounterStore,
  Place,
  PlaceRule,
  RateRule,
  Taken,
} from "./stores/counters.js";
export type {
  Claim,
  ClaimRequest,
  JournalEntry,
  Moved,
  OperationSnapshot,
  OperationStore,
  Retention,
  UnfinishedOperation,
} from "./stores/operations.js";
export type { RelayListener, RelayStore, Sent, Unlisten } from "./stores/relay.js";
export type {
  Durability,
  Store,
  StoredStream,
  StreamEvent,
  StreamLog,
  StreamLogBounds,
  StreamSlice,
  StreamStore,
} from "./stores/types.js";
export type { JsonObject } from "./util/json.js";
export type { Logger } from "./util/logger.js";
export type { MaybePromise } from "./util/maybe-promise.js";
export { hideFromLogs } from "./util/redact.js";
