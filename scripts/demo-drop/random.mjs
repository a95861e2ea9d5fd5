/** Numbers from a seed (mulberry32): the choices of a run can be made again, what the machine makes of them cannot. */
export class Random {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to 1, which is left out. */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number, both ends included. */
  between(least, most) {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  chance(part) {
    return this.next() < part;
  }

  pick(list) {
    return list[Math.floor(this.next() * list.length)];
  }

  /** Another one, so that what one part asks for does not change what the others get. */
  fork() {
    return new Random(Math.floor(this.next() * 4_294_967_296));
  }
}
