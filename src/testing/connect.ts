import { LOCAL_PRINCIPAL, type Principal } from "../auth/principal.js";
import { McpError } from "../errors.js";
import { definitionOf, type McpServer } from "../mcp-server.js";
import { META } from "../protocol/headers.js";
import {
  messageKind,
  type NotificationMessage,
  type RequestMessage,
  type ResponseMessage,
} from "../protocol/jsonrpc.js";
import { MODERN, type Revision, revisionOf } from "../protocol/revisions/index.js";
import type { CallToolResult } from "../protocol/types.js";
import { Channel } from "../server/channel.js";
import { isObject, type JsonObject } from "../util/json.js";
import { answer, answerAll, capabilitiesOf } from "./answers.js";
import type { CallOptions, ConnectOptions } from "./options.js";

interface Waiting {
  resolve(result: JsonObject): void;
  reject(error: Error): void;
}

/** More round trips than any sane handler asks for: a loop in a test ends with words. */
const MAX_ROUNDS = 64;

/**
 * Connects an in-process client to a server, through the whole pipeline (decoding, permissions, validation, handlers,
 * encoding) and without a socket: a tool's permissions are tested with the tool.
 *
 * @example
 * ```ts
 * import { McpServer } from "holdfast";
 * import { connect } from "holdfast/testing";
 *
 * const mcp = new McpServer({ name: "demo", version: "1.0.0" });
 * mcp.registerTool("whoami", { requires: "demo:read" }, (ctx) => ctx.principal.subject);
 *
 * const client = await connect(mcp, { principal: { subject: "ada", permissions: ["demo:read"] } });
 * const result = await client.callTool("whoami");
 * console.log(result.content); // [{ type: "text", text: "ada" }]
 * await client.close();
 * ```
 *
 * @throws McpError from every method, when the server answers with a JSON-RPC error.
 */
export async function connect(server: McpServer, options: ConnectOptions = {}): Promise<TestClient> {
  const client = new TestClient(server, options);
  await client.open();
  return client;
}

/**
 * The client side of `connect`.
 *
 * @example
 * ```ts
 * const client = await connect(mcp, { revision: "2025-11-25" });
 * const tools = await client.listTools();
 * const result = await client.callTool("add", { a: 2, b: 3 });
 * await client.close();
 * ```
 */
export class TestClient {
  readonly revision: Revision;
  /** Notifications received so far, oldest first. */
  readonly notifications: { readonly method: string; readonly params: JsonObject }[] = [];
  readonly #options: ConnectOptions;
  readonly #channel: Channel;
  readonly #waiting = new Map<number, Waiting>();
  readonly #progress = new Map<number, NonNullable<CallOptions["onProgress"]>>();
  #nextId = 0;

  constructor(server: McpServer, options: ConnectOptions) {
    this.#options = options;
    this.revision = revisionOf(options.revision ?? MODERN.version) ?? MODERN;
    const principal: Principal = { issuer: "test", subject: "test", permissions: [], ...options.principal };
    this.#channel = new Channel(definitionOf(server), {
      transport: "memory",
      principal,
      // Answers arrive in a later turn, as they do over a wire.
      send: (text) => queueMicrotask(() => this.#receive(text)),
      modern: true,
    });
  }

  /** Opens the session of a legacy revision; nothing on 2026-07-28. Called by `connect`. */
  async open(): Promise<void> {
    if (this.revision.era === "modern") return;
    const clientInfo = { name: "holdfast-testing", version: "1.0.0" };
    const { version } = this.revision;
    await this.request("initialize", {
      protocolVersion: version,
      capabilities: capabilitiesOf(this.#options),
      clientInfo,
    });
    this.#send({ jsonrpc: "2.0", method: "notifications/initialized" });
    const { logLevel } = this.#options;
    if (logLevel !== undefined) await this.request("logging/setLevel", { level: logLevel });
  }

  async callTool(name: string, args: JsonObject = {}, options: CallOptions = {}): Promise<CallToolResult> {
    return (await this.#complete("tools/call", { name, arguments: args }, options)) as unknown as CallToolResult;
  }

  /** All tools this caller sees, page by page. */
  listTools(): Promise<readonly JsonObject[]> {
    return this.#list("tools/list", "tools");
  }

  listResources(): Promise<readonly JsonObject[]> {
    return this.#list("resources/list", "resources");
  }

  listResourceTemplates(): Promise<readonly JsonObject[]> {
    return this.#list("resources/templates/list", "resourceTemplates");
  }

  listPrompts(): Promise<readonly JsonObject[]> {
    return this.#list("prompts/list", "prompts");
  }

  readResource(uri: string): Promise<JsonObject> {
    return this.#complete("resources/read", { uri }, {});
  }

  getPrompt(name: string, args: Readonly<Record<string, string>> = {}): Promise<JsonObject> {
    return this.#complete("prompts/get", { name, arguments: args }, {});
  }

  /** Values for an argument of a prompt or a variable of a resource template. */
  async complete(
    ref:
      | { readonly type: "ref/prompt"; readonly name: string }
      | { readonly type: "ref/resource"; readonly uri: string },
    argument: { readonly name: string; readonly value: string },
  ): Promise<readonly string[]> {
    const result = await this.request("completion/complete", { ref, argument });
    return (result.completion as { values: readonly string[] }).values;
  }

  /** Opens a `subscriptions/listen` stream (2026-07-28); resolves with a function that ends it. */
  listen(notifications: JsonObject): () => void {
    const id = this.#nextId + 1;
    this.request("subscriptions/listen", { notifications }).catch(() => {});
    return () => this.#send({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: id } });
  }

  /** One raw request, with what the revision adds to it. */
  request(method: string, params: JsonObject = {}, options: CallOptions = {}): Promise<JsonObject> {
    if (options.signal?.aborted) return Promise.reject(options.signal.reason);
    this.#nextId += 1;
    const id = this.#nextId;
    if (options.onProgress !== undefined) this.#progress.set(id, options.onProgress);
    const cancel = () => {
      this.#send({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: id } });
      this.#waiting.get(id)?.reject(options.signal?.reason as Error);
    };
    options.signal?.addEventListener("abort", cancel, { once: true });
    return new Promise<JsonObject>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#send({ jsonrpc: "2.0", id, method, params: this.#withMeta(params, id, options) });
    }).finally(() => {
      options.signal?.removeEventListener("abort", cancel);
      this.#waiting.delete(id);
      this.#progress.delete(id);
    });
  }

  /** Sends any message as it is; for tests of what a broken client does. */
  sendRaw(text: string): void {
    this.#options.onMessage?.("sent", text);
    this.#channel.receiveText(text);
  }

  /** Ends the connection as a client that goes away does. */
  async close(): Promise<void> {
    this.#channel.close();
    for (const waiting of this.#waiting.values()) waiting.reject(new Error("the client was closed"));
  }

  /** A request that may ask for input on the way (2026-07-28): answers and asks again until it is complete. */
  async #complete(method: string, params: JsonObject, options: CallOptions): Promise<JsonObject> {
    let sent = params;
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const result = await this.request(method, sent, options);
      if (result.resultType !== "input_required") return result;
      const inputResponses = await answerAll(this.#options, (result.inputRequests ?? {}) as Record<string, JsonObject>);
      const state = result.requestState === undefined ? {} : { requestState: result.requestState };
      sent = { ...params, inputResponses, ...state };
    }
    throw new Error(`${method} asked for input ${MAX_ROUNDS} times`);
  }

  async #list(method: string, member: string): Promise<readonly JsonObject[]> {
    const all: JsonObject[] = [];
    let cursor: unknown;
    do {
      const page = await this.request(method, cursor === undefined ? {} : { cursor });
      all.push(...(page[member] as readonly JsonObject[]));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    return all;
  }

  #withMeta(params: JsonObject, id: number, options: CallOptions): JsonObject {
    const progress = options.onProgress === undefined ? {} : { progressToken: id };
    const given = isObject(params._meta) ? params._meta : {};
    if (this.revision.era === "legacy") {
      const meta = { ...progress, ...options.meta, ...given };
      return Object.keys(meta).length > 0 ? { ...params, _meta: meta } : params;
    }
    const { logLevel } = this.#options;
    const envelope = {
      [META.protocolVersion]: this.revision.version,
      [META.clientInfo]: { name: "holdfast-testing", version: "1.0.0" },
      [META.clientCapabilities]: capabilitiesOf(this.#options),
      ...(logLevel && { [META.logLevel]: logLevel }),
    };
    return { ...params, _meta: { ...envelope, ...progress, ...options.meta, ...given } };
  }

  #send(message: object): void {
    this.sendRaw(JSON.stringify(message));
  }

  #receive(text: string): void {
    this.#options.onMessage?.("received", text);
    const message: unknown = JSON.parse(text);
    const kind = messageKind(message);
    if (kind === "response") this.#settle(message as ResponseMessage);
    else if (kind === "notification") this.#notified(message as NotificationMessage);
    else if (kind === "request") void this.#respond(message as RequestMessage);
  }

  #settle(message: ResponseMessage): void {
    const waiting = this.#waiting.get(Number(message.id));
    if (message.error === undefined) waiting?.resolve(message.result ?? {});
    else waiting?.reject(new McpError(message.error.code, message.error.message, message.error.data));
  }

  #notified(message: NotificationMessage): void {
    const params = message.params ?? {};
    if (message.method === "notifications/progress") {
      this.#progress.get(Number(params.progressToken))?.(params as unknown as { progress: number });
    }
    this.notifications.push({ method: message.method, params });
    this.#options.onNotification?.({ method: message.method, params });
  }

  async #respond(message: RequestMessage): Promise<void> {
    try {
      const result = await answer(this.#options, message.method, message.params ?? {});
      this.#send({ jsonrpc: "2.0", id: message.id, result });
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.#send({ jsonrpc: "2.0", id: message.id, error: { code: -32603, message: text } });
    }
  }
}

/**
 * The caller over stdio, who may do everything.
 *
 * @example
 * ```ts
 * const client = await connect(mcp, { principal: LOCAL });
 * ```
 */
export const LOCAL: Principal = LOCAL_PRINCIPAL;
