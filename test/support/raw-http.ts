/**
 * A raw client for MCP over HTTP: every byte that a test sends is the test's own, every message that comes back is
 * judged by a WireRecorder.
 */
export { collect, type OpenOptions, open, type PostOptions, post, type RawResponse } from "./http-exchange.js";
export { LegacySession, type LegacySessionOptions, legacySession, type RequestOptions } from "./legacy-session.js";
export { encodeHeaderValue, type ModernMetaOptions, modernHeaders, modernMeta, modernRequest } from "./modern.js";
export { Queue } from "./queue.js";
export { cutResponse, parseResponse, type RawBytes, RawSocket, requestBytes } from "./raw-socket.js";
export { RawStream, type StreamEnd } from "./raw-stream.js";
export { SseClient, type SseClientOptions, sse } from "./sse-client.js";
export { type SseBlock, type SseEvent, SseParser } from "./sse-parser.js";
