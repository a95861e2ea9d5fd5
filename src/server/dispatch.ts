import { ErrorCode, McpError } from "../errors.js";
import type { NotificationMessage, RequestMessage, ResponseMessage } from "../protocol/jsonrpc.js";
import { own } from "../util/json.js";
import type { MaybePromise } from "../util/maybe-promise.js";
import { admitted } from "./admissions.js";
import type { App } from "./app.js";
import { Call } from "./call.js";
import { recordOf } from "./call-record.js";
import type { CallRegister, Exchange } from "./exchange.js";
import { complete } from "./handlers/completion.js";
import { discover, ping, setLevel } from "./handlers/lifecycle.js";
import { getPrompt, listPrompts } from "./handlers/prompts.js";
import { listResources, listTemplates, readResource, subscribe, unsubscribe } from "./handlers/resources.js";
import { listen } from "./handlers/subscriptions.js";
import { cancelTasks, getTask, updateTask } from "./handlers/tasks.js";
import { callTool, listTools } from "./handlers/tools.js";
import { Prepared } from "./prepared.js";
import type { LegacySession } from "./session.js";
import type { Middleware, MiddlewareRequest } from "./types.js";

type Handler = (call: Call) => MaybePromise<object>;

/** Handlers by method. Which of them a client may reach is its revision's table; `initialize` is the transport's. */
const HANDLERS: ReadonlyMap<string, { readonly handler: Handler; readonly needs?: string }> = new Map([
  ["tools/call", { handler: callTool, needs: "tools" }],
  ["tools/list", { handler: listTools, needs: "tools" }],
  ["resources/read", { handler: counted(readResource), needs: "resources" }],
  ["resources/list", { handler: listResources, needs: "resources" }],
  ["resources/templates/list", { handler: listTemplates, needs: "resources" }],
  ["resources/subscribe", { handler: subscribe, needs: "resources" }],
  ["resources/unsubscribe", { handler: unsubscribe, needs: "resources" }],
  ["prompts/get", { handler: counted(getPrompt), needs: "prompts" }],
  ["prompts/list", { handler: listPrompts, needs: "prompts" }],
  ["completion/complete", { handler: counted(complete) }],
  ["logging/setLevel", { handler: setLevel }],
  ["ping", { handler: ping }],
  ["server/discover", { handler: discover }],
  ["subscriptions/listen", { handler: listen }],
  ["tasks/get", { handler: getTask, needs: "tools" }],
  ["tasks/update", { handler: updateTask, needs: "tools" }],
  ["tasks/cancel", { handler: cancelTasks, needs: "tools" }],
]);

/**
 * Handles one request; the exchange gets its answer, now or later. A method of a capability that the server does not
 * have is unknown, not empty: clients go by the error.
 */
export function dispatchRequest(app: App, exchange: Exchange, message: RequestMessage): Call {
  const call = new Call(app, exchange, message);
  const { revision } = exchange.peer;
  const known = HANDLERS.get(message.method);
  const found = revision.requests.has(message.method) ? known : undefined;
  if (app.audit !== undefined || app.instruments !== undefined) call.record = recordOf(call, known !== undefined);
  if (found === undefined || (found.needs !== undefined && !app.offers(found.needs))) {
    call.record?.deny("unknown");
    call.fail(methodNotFound(message.method, revision.version));
  } else if (app.draining) {
    call.record?.deny("draining");
    call.fail(new McpError(ErrorCode.Unavailable, "The server is shutting down; call again."));
  } else {
    const full = app.calls.full(exchange.peer.principal, exchange.calls);
    if (full !== undefined) {
      call.record?.deny("rate_limited");
      app.instruments?.limit(full.limit);
      call.fail(new McpError(ErrorCode.Unavailable, `${full.text}; call again in a moment.`));
    } else call.run(call.record === undefined ? workOf(app, found.handler) : watched(app, found.handler));
  }
  return call;
}

function workOf(app: App, handler: Handler): Handler {
  return app.middleware.length === 0 ? handler : (call) => runMiddleware(call, handler);
}

/** The work of a call that somebody watches. */
function watched(app: App, handler: Handler): Handler {
  const work = workOf(app, handler);
  return (call) => (call.record === undefined ? work(call) : call.record.within(() => work(call)));
}

/**
 * The server's limits, for what is no operation: each request counts, whatever comes of it. Tool calls are counted where
 * it is known whether they are new (handlers/tools).
 */
function counted(handler: Handler): Handler {
  return (call) => {
    const admission = call.app.admissions.of(call.peer.principal, undefined);
    return admission === undefined ? handler(call) : admitted(admission, () => handler(call));
  };
}

/** The error for a method that this revision, or this server, does not have. */
export function methodNotFound(method: string, version: string): McpError {
  return new McpError(ErrorCode.MethodNotFound, `Method not found: ${method} (revision ${version})`);
}

/** Handles a notification of a client; unknown and malformed ones are ignored, as the protocol demands. */
export function dispatchNotification(register: CallRegister | undefined, message: NotificationMessage): void {
  if (message.method !== "notifications/cancelled" || message.params === undefined) return;
  register?.find(own(message.params, "requestId"))?.cancel("client");
}

/** Handles a client's answer to a request of ours; one that nobody waits for is ignored. */
export function dispatchResponse(session: LegacySession | undefined, message: ResponseMessage): void {
  session?.settle(message);
}

async function runMiddleware(call: Call, handler: Handler): Promise<object> {
  const { peer, app } = call;
  const request: MiddlewareRequest = {
    method: call.method,
    params: call.params,
    principal: peer.principal,
    client: peer.client,
    revision: peer.revision.version,
    transport: peer.transport,
  };
  const result = await runFrom(app.middleware, 0, request, async () => handler(call));
  return result;
}

async function runFrom(
  chainOf: readonly Middleware[],
  index: number,
  request: MiddlewareRequest,
  last: () => Promise<object>,
): Promise<object> {
  const middleware = chainOf[index];
  if (middleware !== undefined) return middleware(request, () => runFrom(chainOf, index + 1, request, last));
  const result = await last();
  return result instanceof Prepared ? result.value : result;
}
