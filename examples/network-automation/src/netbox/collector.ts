import { NetworkError } from "../errors.js";
import { redact } from "./secrets.js";

export interface NetBoxResult {
  /** How many objects match in NetBox, not how many are here. */
  readonly count: number;
  readonly returned: number;
  readonly truncated: boolean;
  readonly next_offset: number | undefined;
  readonly note: string | undefined;
  readonly results: Record<string, unknown>[];
}

/** Keeps results up to a number and a size. */
export class Collector {
  readonly #items: Record<string, unknown>[] = [];
  readonly #limit: number;
  #bytesLeft: number;
  #refusedSize = false;

  constructor(limit: number, maxBytes: number) {
    this.#limit = limit;
    this.#bytesLeft = maxBytes;
  }

  /** False once nothing more fits. */
  add(items: Record<string, unknown>[]): boolean {
    for (const item of items) {
      const clean = redact(item) as Record<string, unknown>;
      const size = Buffer.byteLength(JSON.stringify(clean));
      if (this.#items.length >= this.#limit) return false;
      this.#refusedSize = size > this.#bytesLeft;
      if (this.#refusedSize) return false;
      this.#bytesLeft -= size;
      this.#items.push(clean);
    }
    return this.#items.length < this.#limit;
  }

  result(count: number, offset: number, note: string | undefined): NetBoxResult {
    const returned = this.#items.length;
    if (returned === 0 && this.#refusedSize) {
      const advice = 'Ask for part of it: params {"fields": "id,name"} or {"brief": "true"}.';
      throw new NetworkError("too_large", `One object alone is larger than an answer may be. ${advice}`);
    }
    const truncated = offset + returned < count;
    // JSON leaves out what is undefined.
    return {
      count,
      returned,
      truncated,
      next_offset: truncated ? offset + returned : undefined,
      note,
      results: this.#items,
    };
  }
}
