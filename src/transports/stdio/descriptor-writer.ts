/**
 * Writes protocol text to one file descriptor.
 *
 * Invariants:
 * 1. The event loop is never blocked by a slow reader: the descriptor is non-blocking, and what it does
 *    not take waits in a queue. Only the exit of the process waits, with a bound.
 * 2. At every moment it is known which bytes the operating system has taken, so the exit can write the
 *    rest and no byte goes out twice. (A stream of Node does not tell how far a pending write has come;
 *    here it is used only to learn that the descriptor is writable again, with a piece so small that
 *    the system takes it whole or not at all.)
 * 3. Text leaves in the order of `write`. The first write of a turn goes out at once; the ones that
 *    follow in the same turn leave together, in one system call.
 * 4. After a failure nothing more is written and every waiter is told.
 */
import fs from "node:fs";
import net from "node:net";
import type { Writable } from "node:stream";
import { ProtocolWriter } from "./protocol-writer.js";

/** POSIX guarantees that a pipe takes this much whole or not at all (the smallest PIPE_BUF). */
const ATOMIC_BYTES = 512;

/** Pause between attempts where the system cannot say when a descriptor is writable (a terminal), and during the exit. */
const RETRY_MS = 2;

/** How long the exit waits for a reader that takes nothing at all: less than clients wait for a server to exit. */
export const EXIT_STALL_MS: number = 1_000;

// Taken before the guard replaces it.
const { writeSync } = fs;

interface Flush {
  resolve(): void;
  reject(error: Error): void;
}

/** A writer over a descriptor. */
export class DescriptorWriter extends ProtocolWriter {
  #fd: number;
  #waiter: Writable | undefined;
  #waiterTried = false;
  /** Not encoded yet. */
  #text = "";
  #queue: Buffer[] = [];
  #queuedBytes = 0;
  /** Length of the piece at the head of the queue that the waiter is writing. */
  #pieceBytes = 0;
  #waiting = false;
  #turnOpen = false;
  #exiting = false;
  #flushes: Flush[] = [];

  /** `maybeBlocking`: the descriptor was made by somebody else and may still be blocking. */
  constructor(fd: number, options: { readonly maybeBlocking?: boolean } = {}) {
    super();
    this.#fd = fd;
    // Making the stream is what makes a pipe or socket non-blocking.
    if (options.maybeBlocking === true) this.#openWaiter();
  }

  write(text: string): boolean {
    if (this.broken !== undefined) return false;
    this.#text += text;
    if (this.#exiting) this.flushAtExit();
    else if (!this.#turnOpen && !this.#waiting) {
      this.#turnOpen = true;
      this.#pump();
      process.nextTick(this.#endTurn);
    }
    return this.hasRoom(this.unsent);
  }

  get unsent(): number {
    return this.#queuedBytes + this.#text.length;
  }

  flush(): Promise<void> {
    if (!this.#waiting) this.#pump();
    if (this.broken !== undefined) return Promise.reject(this.broken);
    if (this.#queuedBytes === 0) return Promise.resolve();
    return new Promise((resolve, reject) => this.#flushes.push({ resolve, reject }));
  }

  /** Calls back when nothing is on its way: now, or as soon as the reader has caught up. */
  whenIdle(callback: () => void): void {
    if (!this.#waiting) this.#pump();
    if (this.broken !== undefined) return;
    if (this.#queuedBytes === 0) callback();
    else
      this.flush().then(
        () => this.whenIdle(callback),
        () => {},
      );
  }

  /** Goes on with another descriptor. Only while idle. Lets go of the stream over the present one, which closes it. */
  moveTo(fd: number, waiter: Writable): void {
    const old = this.#waiter;
    this.#fd = fd;
    this.#adopt(waiter);
    // Its close also takes the descriptor out of the event loop, which would spin on it otherwise.
    old?.destroy();
  }

  flushAtExit(): void {
    this.#exiting = true;
    // A piece still in the stream was refused by the system, and the event loop that would retry it is over.
    if (this.#pieceBytes > 0 && this.#waiter?.writableLength === 0) this.#advance(this.#pieceBytes);
    this.#pieceBytes = 0;
    const pause = new Int32Array(new SharedArrayBuffer(4));
    let stalledSince = Date.now();
    while (this.broken === undefined) {
      const before = this.unsent;
      if (this.#writeQueue()) return;
      if (this.#queuedBytes !== before) stalledSince = Date.now();
      else if (Date.now() - stalledSince > EXIT_STALL_MS) this.#stop(new Error("the reader of stdout has stalled"));
      Atomics.wait(pause, 0, 0, RETRY_MS);
    }
  }

  readonly #endTurn = (): void => {
    this.#turnOpen = false;
    if (!this.#waiting) this.#pump();
  };

  #pump(): void {
    if (this.broken !== undefined) return;
    if (!this.#writeQueue()) {
      if (this.broken === undefined) this.#waitUntilWritable();
      return;
    }
    for (const flush of this.#flushes.splice(0)) flush.resolve();
    this.drained();
  }

  /** Writes until everything is out (true) or the descriptor takes no more (false). */
  #writeQueue(): boolean {
    if (this.#text !== "") {
      const bytes = Buffer.from(this.#text);
      this.#text = "";
      this.#queue.push(bytes);
      this.#queuedBytes += bytes.length;
    }
    try {
      // Its number may belong to another file by now.
      if (this.#waiter?.destroyed === true) throw new Error("stdout is closed");
      for (let head = this.#queue[0]; head !== undefined; head = this.#queue[0]) {
        this.#advance(writeSync(this.#fd, head, 0, head.length));
      }
      return true;
    } catch (error) {
      if (!isWouldBlock(error)) this.#stop(error);
      return false;
    }
  }

  #advance(bytes: number): void {
    const head = this.#queue[0];
    if (head === undefined) return;
    this.#queuedBytes -= bytes;
    if (bytes < head.length) this.#queue[0] = head.subarray(bytes);
    else this.#queue.shift();
  }

  #waitUntilWritable(): void {
    const head = this.#queue[0];
    if (head === undefined) return;
    this.#waiting = true;
    const waiter = this.#openWaiter();
    if (waiter === undefined) {
      setTimeout(this.#writableAgain, RETRY_MS);
      return;
    }
    const piece = head.subarray(0, ATOMIC_BYTES);
    this.#pieceBytes = piece.length;
    waiter.write(piece, (error) => {
      if (this.#exiting) return;
      this.#pieceBytes = 0;
      if (error) this.#stop(error);
      else this.#advance(piece.length);
      this.#writableAgain();
    });
  }

  readonly #writableAgain = (): void => {
    this.#waiting = false;
    this.#pump();
  };

  /** Made only when a reader is slow for the first time: most servers never need it. */
  #openWaiter(): Writable | undefined {
    if (this.#waiterTried) return this.#waiter;
    this.#waiterTried = true;
    const kind = fs.fstatSync(this.#fd);
    if (!kind.isFIFO() && !kind.isSocket()) return undefined;
    try {
      this.#adopt(new net.Socket({ fd: this.#fd, readable: false, writable: true }));
    } catch {
      // Another stream of this process is waiting on the same descriptor: try again and again instead.
    }
    return this.#waiter;
  }

  #adopt(waiter: Writable): void {
    this.#waiterTried = true;
    this.#waiter = waiter;
    const closed = (error: Error): void => {
      if (this.#waiter === waiter) this.#stop(error);
    };
    waiter.on("error", closed);
    waiter.on("close", () => closed(new Error("stdout is closed")));
  }

  #stop(cause: unknown): void {
    const error = this.fail(cause);
    this.#text = "";
    this.#queue = [];
    this.#queuedBytes = 0;
    for (const flush of this.#flushes.splice(0)) flush.reject(error);
  }
}

function isWouldBlock(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "EAGAIN" || error.code === "EWOULDBLOCK");
}
