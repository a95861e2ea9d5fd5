/**
 * A map that forgets what was not used lately. Two generations: a look-up moves an entry into the young one, and when
 * that is half full it becomes the old one and the former old one is dropped. So it holds at most `max` entries, keeps
 * at least the `max / 2` used last, and a hit on a recent entry costs one look-up and changes nothing.
 */
export class LruMap<K, V> {
  readonly #half: number;
  #young = new Map<K, V>();
  #old = new Map<K, V>();

  constructor(max: number) {
    this.#half = Math.max(1, Math.floor(max / 2));
  }

  /** Entries held; one that was renewed lately may count twice. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: K): V | undefined {
    const recent = this.#young.get(key);
    if (recent !== undefined) return recent;
    const older = this.#old.get(key);
    if (older !== undefined) this.set(key, older);
    return older;
  }

  set(key: K, value: V): void {
    if (this.#young.size >= this.#half && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }

  delete(key: K): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }
}
