import type { EventEmitter } from "node:events";

/** Whom to tell that a connection closed. */
const listeners = new WeakMap<EventEmitter, Set<() => void>>();

/**
 * Calls back when a connection closes; returns what takes that back. One listener on the connection serves all replies:
 * clients may have any number of them under way.
 */
export function onceClosed(connection: EventEmitter, listener: () => void): () => void {
  const told = listeners.get(connection) ?? listenTo(connection);
  told.add(listener);
  return () => told.delete(listener);
}

function listenTo(connection: EventEmitter): Set<() => void> {
  const told = new Set<() => void>();
  listeners.set(connection, told);
  connection.once("close", () => {
    for (const tell of [...told]) tell();
    told.clear();
  });
  return told;
}
