/** Something clients can be told of: a list changed, or a resource was updated. */
export type Change =
  | { readonly kind: "tools" | "prompts" | "resources" }
  | { readonly kind: "updated"; readonly uri: string };

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
  readonly #due = new Set<"tools" | "prompts" | "resources">();

  get size(): number {
    return this.#listeners.size;
  }

  add(listener: ChangeListener): void {
    this.#listeners.add(listener);
  }

  delete(listener: ChangeListener): void {
    this.#listeners.delete(listener);
  }

  listChanged(kind: "tools" | "prompts" | "resources"): void {
    if (this.#listeners.size === 0 || this.#due.has(kind)) return;
    this.#due.add(kind);
    queueMicrotask(() => {
      this.#due.delete(kind);
      this.#publish({ kind });
    });
  }

  resourceUpdated(uri: string): void {
    this.#publish({ kind: "updated", uri });
  }

  #publish(change: Change): void {
    for (const listener of this.#listeners) listener.changed(change);
  }
}
