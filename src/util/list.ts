/** Something that stands in at most one `LinkedList`; the list owns the three members. */
export interface Linked<T> {
  prev: T | undefined;
  next: T | undefined;
  linked: boolean;
}

/**
 * A doubly linked list through its members. Adding and deleting allocate nothing; a `Set` that gains and loses a member
 * per request rebuilds its table every few requests, which showed as garbage collection in profiles of short calls.
 */
export class LinkedList<T extends Linked<T>> {
  #first: T | undefined;
  #last: T | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): T | undefined {
    return this.#first;
  }

  /** Adds at the end; a member that is already in is left where it is. */
  add(member: T): void {
    if (member.linked) return;
    member.linked = true;
    member.prev = this.#last;
    member.next = undefined;
    if (this.#last === undefined) this.#first = member;
    else this.#last.next = member;
    this.#last = member;
    this.#size += 1;
  }

  delete(member: T): void {
    if (!member.linked) return;
    const { prev, next } = member;
    if (prev === undefined) this.#first = next;
    else prev.next = next;
    if (next === undefined) this.#last = prev;
    else next.prev = prev;
    member.linked = false;
    member.prev = undefined;
    member.next = undefined;
    this.#size -= 1;
  }

  /** A copy, oldest first: safe to go through while members come and go. */
  all(): readonly T[] {
    const members: T[] = [];
    for (let member = this.#first; member !== undefined; member = member.next) members.push(member);
    return members;
  }
}
