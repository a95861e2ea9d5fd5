/** Numbers kept of one key: its hash, and where it starts. */
const SLOTS = 2;
/** Keys of one object that are compared one by one; an object with more has a set, so that none takes quadratic time. */
const FEW_SLOTS = 32 * SLOTS;
/** Containers there is room for from the start; no usual message is deeper, and the room takes 32 KiB. */
const DEPTH = 128;
/** Marks an array on the stack of containers; the entry of an object says where its keys start. */
const ARRAY = -1;
/** V8 hashes a string of 16,384 units or more by its length alone, so longer keys are looked up in pieces. */
const PIECE = 8192;
/** Units of a key that a message repeats: enough to find it, too few to fill a log. */
const MAX_QUOTED = 40;

/**
 * The containers that are open at one place of a JSON text, and the keys seen so far in each object among them. One
 * instance serves text after text without allocating; `clear` comes after each.
 */
export class OpenKeys {
  #bases: Int32Array = new Int32Array(DEPTH);
  #slots: Int32Array = new Int32Array(DEPTH * FEW_SLOTS);
  #depth = 0;
  #top = 0;
  /** Where the keys of the innermost container start, or `ARRAY`. */
  #base = ARRAY;
  /** The keys of the open objects that have more than a few, by depth. */
  #many: Map<number, ManyKeys> | undefined;

  /** Enters an object or an array. */
  open(isObject: boolean): void {
    if (this.#depth === this.#bases.length) this.#bases = grown(this.#bases);
    this.#bases[this.#depth] = this.#base;
    this.#depth += 1;
    this.#base = isObject ? this.#top : ARRAY;
  }

  /** Leaves the innermost container; true when the one around it is an object. */
  close(): boolean {
    if (this.#base !== ARRAY) this.#top = this.#base;
    if (this.#many !== undefined) this.#many.delete(this.#depth);
    this.#depth -= 1;
    this.#base = this.#bases[this.#depth] ?? ARRAY;
    return this.#base !== ARRAY;
  }

  /** Adds the key `text[start, end)` to the innermost object; false when the object has it already. */
  add(text: string, start: number, end: number, escaped: boolean): boolean {
    const top = this.#top;
    if (escaped || top - this.#base === FEW_SLOTS) return this.#addMany(text, start, end);
    const hash = hashOf(text, start, end);
    const slots = this.#slots;
    for (let slot = this.#base; slot < top; slot += SLOTS) {
      if (slots[slot] === hash && isSame(text, slots[slot + 1] as number, start, end)) return false;
    }
    if (top >= slots.length) this.#slots = grown(slots);
    this.#slots[top] = hash;
    this.#slots[top + 1] = start;
    this.#top = top + SLOTS;
    return true;
  }

  /** Forgets the text, and gives back the memory that only an unusual one needs. */
  clear(): void {
    this.#depth = 0;
    this.#top = 0;
    this.#base = ARRAY;
    this.#many = undefined;
    if (this.#bases.length > DEPTH) this.#bases = new Int32Array(DEPTH);
    if (this.#slots.length > DEPTH * FEW_SLOTS) this.#slots = new Int32Array(DEPTH * FEW_SLOTS);
  }

  #addMany(text: string, start: number, end: number): boolean {
    this.#many ??= new Map();
    let keys = this.#many.get(this.#depth);
    if (keys === undefined) {
      keys = new ManyKeys();
      this.#many.set(this.#depth, keys);
      for (let slot = this.#base; slot < this.#top; slot += SLOTS) {
        const from = this.#slots[slot + 1] as number;
        keys.add(text.slice(from - 1, text.indexOf('"', from)));
      }
      // Full from now on, also when it is the first key with an escape that is here.
      this.#top = this.#base + FEW_SLOTS;
    }
    return keys.add(decodeKey(text, start, end));
  }
}

/**
 * The keys of one large object, each after its opening quote. The quote keeps keys that look like array indexes apart:
 * V8 hashes those by their value, which a sender can choose.
 */
class ManyKeys {
  readonly #keys = new Set<string | number>();
  readonly #pieces = new Map<string, number>();

  /** False when `key` is in already. */
  add(key: string): boolean {
    const before = this.#keys.size;
    this.#keys.add(key.length > PIECE ? this.#numberOf(key) : key);
    return this.#keys.size > before;
  }

  /** A number that stands for a long key: each piece leads from the number of what precedes it to the next. */
  #numberOf(key: string): number {
    let number = 0;
    for (let at = 0; at < key.length; at += PIECE) {
      const step = `${number}${key.slice(at, at + PIECE)}`;
      number = this.#pieces.get(step) ?? this.#pieces.size + 1;
      this.#pieces.set(step, number);
    }
    return number;
  }
}

/** The key `text[start, end)` for a message: as JSON, and shortened. */
export function quoteKey(text: string, start: number, end: number): string {
  const key = decodeKey(text, start, end).slice(1);
  // A pair of surrogates is not cut in half.
  const short = key.length > MAX_QUOTED ? `${key.slice(0, MAX_QUOTED).replace(/[\ud800-\udbff]$/, "")}…` : key;
  return JSON.stringify(short);
}

/** The key `text[start, end)` after its opening quote, without escapes; as it stands when these are no JSON. */
function decodeKey(text: string, start: number, end: number): string {
  const raw = text.slice(start - 1, end);
  if (!raw.includes("\\")) return raw;
  try {
    return `"${JSON.parse(`${raw}"`) as string}`;
  } catch {
    return raw;
  }
}

/** True when the key at `from`, which has no escapes, is the key `text[start, end)`, which has none either. */
function isSame(text: string, from: number, start: number, end: number): boolean {
  return text.slice(from, from + end - start + 1) === text.slice(start, end + 1);
}

/** Cheap, not strong: keys of equal hashes are compared, and objects that are looked up so have few. */
function hashOf(text: string, start: number, end: number): number {
  if (start === end) return 0;
  return ((end - start) << 16) ^ (text.charCodeAt(start) << 8) ^ text.charCodeAt(end - 1);
}

function grown(array: Int32Array): Int32Array {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}
