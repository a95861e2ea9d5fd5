import { encodeNotification } from "../protocol/jsonrpc.js";

type ListKind = "tools" | "prompts" | "resources";

/** Something clients can be told of: a list changed, or a resource was updated. */
export type Change = ({ readonly kind: ListKind } | { readonly kind: "updated"; readonly uri: string }) & {
  readonly method: string;
  /** As sessions are told, in one text for all: ten thousand logs hold it once. */
  readonly message: string;
};

/** A session or a listen stream. */
export interface ChangeListener {
  changed(change: Change): void;
}

/**
 * Carries changes to everyone who may want to know. List changes made in one turn of the event loop are told once: a
 * server that registers fifty tools at run time sends one notification.
 */
export class ChangeHub {
  readonly #listeners = new Set<ChangeListener>();
  readonly #due = new Set<ListKind>();

  get size(): number {
    return this.#listeners.size;
  }

  add(listener: ChangeListener): void {
    this.#listeners.add(listener);
  }

  delete(listener: ChangeListener): void {
    this.#listeners.delete(listener);
  }

  listChanged(kind: ListKind): void {
    if (this.#listeners.size === 0 || this.#due.has(kind)) return;
    this.#due.add(kind);
    queueMicrotask(() => {
      this.#due.delete(kind);
      const method = `notifications/${kind}/list_changed`;
      this.#publish({ kind, method, message: encodeNotification(method) });
    });
  }

  resourceUpdated(uri: string): void {
    if (this.#listeners.size === 0) return;
    const method = "notifications/resources/updated";
    this.#publish({ kind: "updated", uri, method, message: encodeNotification(method, { uri }) });
  }

  #publish(change: Change): void {
    for (const listener of this.#listeners) listener.changed(change);
  }
}
