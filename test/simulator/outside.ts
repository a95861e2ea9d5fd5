/** The outside world, as far as a careful author may ask it: what was done under which operation id, and by which fence. */
export class Outside {
  readonly #done = new Set<string>();
  readonly #fences = new Map<string, number>();

  /** Recovery asks. From then on whoever has a lower fence is refused, or the answer would be worth nothing. */
  find(id: string, fence: number): "done" | "not-done" {
    this.#raise(id, fence);
    return this.#done.has(id) ? "done" : "not-done";
  }

  /** Does the work; false when it is `fenced` and a higher fence was seen. */
  apply(id: string, fence: number, fenced: boolean): boolean {
    if (fenced && fence < (this.#fences.get(id) ?? 0)) return false;
    this.#raise(id, fence);
    this.#done.add(id);
    return true;
  }

  #raise(id: string, fence: number): void {
    this.#fences.set(id, Math.max(fence, this.#fences.get(id) ?? 0));
  }
}
