/**
 * What came of headers with tokens that were verified: as many as fit in both bounds, those used last. Two generations,
 * as in `LruMap`: a look-up moves an entry into the young one, and when that has taken half of a bound it becomes the old
 * one and the former old one is dropped. A hit on a recent entry costs one look-up and changes nothing.
 */
export class TokenCache<V extends object> {
  readonly #maxEntries: number;
  readonly #maxCharacters: number;
  #young = new Map<string, V>();
  #old = new Map<string, V>();
  #characters = 0;

  constructor(bounds: { readonly maxEntries: number; readonly maxCharacters: number }) {
    this.#maxEntries = bounds.maxEntries / 2;
    this.#maxCharacters = bounds.maxCharacters / 2;
  }

  /** Entries held; one that was used again lately may count twice. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(header: string): V | undefined {
    const recent = this.#young.get(header);
    if (recent !== undefined) return recent;
    const older = this.#old.get(header);
    if (older !== undefined) this.set(header, older);
    return older;
  }

  set(header: string, value: V): void {
    if (!this.#young.has(header)) {
      if (this.#young.size >= this.#maxEntries || this.#characters + header.length > this.#maxCharacters) this.#age();
      this.#characters += header.length;
    }
    this.#young.set(header, value);
  }

  delete(header: string): void {
    if (this.#young.delete(header)) this.#characters -= header.length;
    this.#old.delete(header);
  }

  #age(): void {
    this.#old = this.#young;
    this.#young = new Map();
    this.#characters = 0;
  }
}
