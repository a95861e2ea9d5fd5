import { ErrorCode, McpError } from "../../errors.js";
import { META } from "../../protocol/headers.js";
import { encodeNotification } from "../../protocol/jsonrpc.js";
import { type JsonObject, own, ownObject } from "../../util/json.js";
import type { Call } from "../call.js";
import type { Change, ChangeListener } from "../hub.js";
import { capabilitiesOf } from "./lifecycle.js";
import { mayRead } from "./resources.js";

const LISTS = { tools: "toolsListChanged", prompts: "promptsListChanged", resources: "resourcesListChanged" } as const;

/** What a listen stream was granted. */
interface Filter {
  readonly lists: ReadonlySet<string>;
  readonly uris: ReadonlySet<string>;
}

/** One `subscriptions/listen` stream (2026-07-28): what it asked for and nothing else, each message with its id. */
class ListenStream implements ChangeListener {
  readonly #call: Call;
  readonly #filter: Filter;
  readonly #meta: object;

  constructor(call: Call, filter: Filter) {
    this.#call = call;
    this.#filter = filter;
    this.#meta = { [META.subscriptionId]: call.id };
  }

  acknowledge(): void {
    const { lists, uris } = this.#filter;
    const granted = Object.fromEntries([...lists].map((list) => [list, true]));
    const notifications = uris.size > 0 ? { ...granted, resourceSubscriptions: [...uris] } : granted;
    this.#send("notifications/subscriptions/acknowledged", { notifications });
  }

  changed(change: Change): void {
    if (change.kind === "updated") {
      if (this.#filter.uris.has(change.uri)) this.#send("notifications/resources/updated", { uri: change.uri });
    } else if (this.#filter.lists.has(LISTS[change.kind])) this.#send(`notifications/${change.kind}/list_changed`, {});
  }

  #send(method: string, params: object): void {
    this.#call.exchange.notify(encodeNotification(method, { _meta: this.#meta, ...params }));
  }
}

/**
 * `subscriptions/listen`: acknowledges first, then stays open until the client closes it or the server shuts down,
 * which is told by a result (2026-07-28, subscriptions, "Graceful Closure").
 */
export async function listen(call: Call): Promise<object> {
  const asked = ownObject(call.params, "notifications");
  if (asked === undefined) {
    throw new McpError(ErrorCode.InvalidParams, "subscriptions/listen needs notifications (an object)");
  }
  if (call.exchange.mute) {
    throw new McpError(
      ErrorCode.InvalidRequest,
      "subscriptions/listen is answered with text/event-stream, which Accept does not allow",
    );
  }
  call.deadlineMs = Number.POSITIVE_INFINITY;
  if (!call.app.calls.lasts(call)) {
    throw new McpError(ErrorCode.Unavailable, "The server has as many listen streams as it may; try again later.");
  }
  const stream = new ListenStream(call, await grant(call, asked));
  return new Promise((resolve) => {
    if (call.settled) return;
    stream.acknowledge();
    call.app.hub.add(stream);
    call.onEnd(() => call.app.hub.delete(stream));
    call.onShutdown(() => resolve({ _meta: { [META.subscriptionId]: call.id } }));
  });
}

async function grant(call: Call, asked: JsonObject): Promise<Filter> {
  const capabilities = capabilitiesOf(call.app);
  const lists = Object.entries(LISTS).filter(([kind, list]) => kind in capabilities && own(asked, list) === true);
  const uris = own(asked, "resourceSubscriptions");
  const wanted = checkUris(call, uris, capabilities);
  // An update would tell that a resource exists: only what the caller may read is granted.
  const readable = await Promise.all(wanted.map((uri) => mayRead(call, uri)));
  const granted = wanted.filter((_, index) => readable[index] === true);
  return { lists: new Set(lists.map(([, list]) => list)), uris: new Set(granted) };
}

function checkUris(call: Call, uris: unknown, capabilities: object): readonly string[] {
  if (uris === undefined) return [];
  if (!Array.isArray(uris) || !uris.every((uri) => typeof uri === "string")) {
    throw new McpError(ErrorCode.InvalidParams, "notifications.resourceSubscriptions must be an array of strings");
  }
  const { maxSubscriptions } = call.app.limits;
  if (uris.length > maxSubscriptions) {
    throw new McpError(ErrorCode.InvalidParams, `At most ${maxSubscriptions} resourceSubscriptions in one stream`);
  }
  return "resources" in capabilities ? uris : [];
}
