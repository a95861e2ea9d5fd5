import { ErrorCode, McpError } from "../../errors.js";
import { META } from "../../protocol/headers.js";
import { encodeNotification } from "../../protocol/jsonrpc.js";
import { TASK_NOTIFICATION } from "../../protocol/revisions/2026-07-28/tasks.js";
import { type JsonObject, own, ownObject } from "../../util/json.js";
import type { Call } from "../call.js";
import type { Change, ChangeListener } from "../hub.js";
import { watchTask } from "../tasks/watch.js";
import { capabilitiesOf } from "./lifecycle.js";
import { mayRead } from "./resources.js";
import { findTask, requireTasks } from "./tasks.js";

const LISTS = { tools: "toolsListChanged", prompts: "promptsListChanged", resources: "resourcesListChanged" } as const;

/** What a listen stream was granted. */
interface Filter {
  readonly lists: ReadonlySet<string>;
  readonly uris: ReadonlySet<string>;
  readonly taskIds: readonly string[];
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
    const { lists, uris, taskIds } = this.#filter;
    const granted = Object.fromEntries([...lists].map((list) => [list, true]));
    const notifications = {
      ...granted,
      ...(uris.size > 0 && { resourceSubscriptions: [...uris] }),
      ...(taskIds.length > 0 && { taskIds }),
    };
    this.#send("notifications/subscriptions/acknowledged", { notifications });
  }

  /** Tells how the tasks stand now, and from then on; returns what ends that. */
  watchTasks(): () => void {
    const ends = this.#filter.taskIds.map((taskId) => {
      return watchTask(this.#call, taskId, (task) => this.#send(TASK_NOTIFICATION, task));
    });
    return () => {
      for (const end of ends) end();
    };
  }

  changed(change: Change): void {
    if (change.kind === "updated") {
      if (this.#filter.uris.has(change.uri)) this.#send(change.method, { uri: change.uri });
    } else if (this.#filter.lists.has(LISTS[change.kind])) this.#send(change.method, {});
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
    const unwatch = stream.watchTasks();
    call.onEnd(() => {
      call.app.hub.delete(stream);
      unwatch();
    });
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
  const taskIds = await grantTasks(call, own(asked, "taskIds"));
  return { lists: new Set(lists.map(([, list]) => list)), uris: new Set(granted), taskIds };
}

/** Tasks are granted to whom they belong; to ask for one without the extension is an error (SEP-2663). */
async function grantTasks(call: Call, asked: unknown): Promise<readonly string[]> {
  if (asked === undefined) return [];
  requireTasks(call);
  const ids = [...new Set(checkStrings(call, "taskIds", asked))];
  const found = await Promise.all(ids.map((taskId) => findTask(call, taskId)));
  return ids.filter((_, index) => found[index] !== undefined);
}

function checkUris(call: Call, uris: unknown, capabilities: object): readonly string[] {
  if (uris === undefined) return [];
  const wanted = checkStrings(call, "resourceSubscriptions", uris);
  return "resources" in capabilities ? wanted : [];
}

function checkStrings(call: Call, name: string, values: unknown): readonly string[] {
  if (!Array.isArray(values) || !values.every((value) => typeof value === "string")) {
    throw new McpError(ErrorCode.InvalidParams, `notifications.${name} must be an array of strings`);
  }
  const { maxSubscriptions } = call.app.limits;
  if (values.length > maxSubscriptions) {
    throw new McpError(ErrorCode.InvalidParams, `At most ${maxSubscriptions} ${name} in one stream`);
  }
  return values;
}
