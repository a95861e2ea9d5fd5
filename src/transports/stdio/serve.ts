/** stdio: one message a line, both eras on one process; ends when its client does, after answering what it asked. */
import type { Principal } from "../../auth/principal.js";
import { ErrorCode } from "../../errors.js";
import { encodeError } from "../../protocol/jsonrpc.js";
import type { App } from "../../server/app.js";
import { Channel } from "../../server/channel.js";
import { within } from "../../util/timer.js";
import { LineFramer } from "./framing.js";
import { adoptOrInstallGuard, type GuardHandle } from "./guard.js";
import { watchParent } from "./parent-watch.js";
import { ReadAhead } from "./read-ahead.js";

/**
 * How long calls may still take once the input has ended. The official clients wait two seconds before they send
 * SIGTERM (2025-11-25, lifecycle, "Shutdown"), and hosts that do not would keep a server that nobody reads.
 */
const END_OF_INPUT_GRACE_MS = 1500;

/**
 * How long what is written waits for a client that may not read. The exit of the process goes on for as long as anything
 * is taken (`EXIT_STALL_MS`); both together are less than official clients wait after SIGTERM before they kill.
 */
const UNREAD_MS = 500;

/**
 * How long nothing at all may be taken by a client that has closed its input and left more to answer: one that still
 * reads, however slowly, is answered.
 */
const ABANDONED_MS = 3000;

export interface StdioOptions {
  /** The client is gone or has nothing more to say, and everything it asked for is answered and written. */
  readonly onEnd: () => void;
  /** Whoever started the process. */
  readonly principal: Principal;
}

/** Serves the process's own stdin and stdout. From here on stdout carries the protocol and nothing else. */
export function serveStdio(app: App, options: StdioOptions): { stop(): void; close(): Promise<void> } {
  const guard = adoptOrInstallGuard({
    report: ({ text, callSite, via }) => {
      app.logger.log("warn", "stray_stdout", { via, at: callSite ?? "unknown", text: text.slice(0, 200) });
    },
  });
  const server = new StdioServer(app, guard, options);
  server.start();
  return server;
}

class StdioServer {
  readonly #app: App;
  readonly #guard: GuardHandle;
  readonly #options: StdioOptions;
  readonly #channel: Channel;
  readonly #framer: LineFramer;
  #unwatch: (() => void) | undefined;
  #ended = false;
  #full = false;
  /** Characters sent since the client stopped reading. */
  #waiting = 0;
  /** Read since then; handled when the client reads again. */
  readonly #ahead = new ReadAhead();
  /** Set while the input has ended and what was read ahead waits. */
  #abandoned: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(app: App, guard: GuardHandle, given: StdioOptions) {
    this.#app = app;
    this.#guard = guard;
    this.#options = given;
    const send = (message: string) => this.#send(message);
    const options = { transport: "stdio", principal: given.principal, modern: true } as const;
    this.#channel = new Channel(app, { ...options, send, live: () => true, congested: () => this.#congested });
    this.#framer = new LineFramer({
      maxLineBytes: app.limits.maxLineBytes,
      onLine: (text) => this.#channel.receiveText(text),
      onOverlong: () => {
        app.instruments?.limit("maxLineBytes");
        send(encodeError(undefined, tooLong(app.limits.maxLineBytes)));
      },
      onInvalidUtf8: () => this.#channel.refuse(),
    });
  }

  /** A client that does not read its answers is given no more of them until it has caught up. */
  #send(message: string): void {
    if (this.#full) this.#waiting += message.length;
    if (!this.#guard.write(`${message}\n`)) this.#full = true;
  }

  /**
   * Nothing is handled for a client that does not read. A little is read all the same: a host that has gone without a
   * signal is seen by nothing but the end of its input.
   */
  #receive(chunk: Buffer): void {
    if (!this.#full) this.#framer.push(chunk);
    else if (!this.#ahead.add(chunk)) process.stdin.pause();
  }

  #caughtUp(): void {
    this.#full = false;
    this.#waiting = 0;
    if (this.#stopped) return;
    while (!this.#full) {
      const chunk = this.#ahead.take();
      if (chunk === undefined) break;
      this.#framer.push(chunk);
    }
    if (this.#full) return;
    if (this.#abandoned !== undefined) void this.#finish();
    else process.stdin.resume();
  }

  /** What was read ahead is still answered, as long as anything of what was written before is taken. */
  #inputEnd(): void {
    if (this.#ahead.isEmpty) return void this.#finish();
    let before = this.#guard.unsent;
    this.#abandoned = setInterval(() => {
      const { unsent } = this.#guard;
      if (unsent === before) this.#gone("the input has ended, and nothing of the output is taken");
      before = unsent;
    }, ABANDONED_MS);
  }

  /** More waits for the client than it may cost: progress and logs are left out until it has caught up. */
  get #congested(): boolean {
    return this.#waiting > this.#app.limits.maxQueuedBytes;
  }

  start(): void {
    this.#app.presence.sources.add(ONE_SESSION);
    this.#guard.onBroken(() => this.#gone("stdout is closed"));
    this.#guard.onDrain(() => this.#caughtUp());
    process.stdin.on("data", (chunk: Buffer) => this.#receive(chunk));
    process.stdin.on("end", () => this.#inputEnd());
    process.stdin.on("error", () => this.#gone("stdin failed"));
    this.#unwatch = watchParent({ onGone: (reason) => this.#gone(reason) });
  }

  /** Nothing new is read; answers still go out. */
  stop(): void {
    this.#stopped = true;
    process.stdin.pause();
    this.#unwatch?.();
  }

  async close(): Promise<void> {
    this.stop();
    this.#app.presence.sources.delete(ONE_SESSION);
    this.#channel.flush();
    this.#channel.close();
    await this.#flushed();
  }

  /** Everything is written, or nobody takes it. */
  async #flushed(): Promise<void> {
    await within(UNREAD_MS, this.#guard.flush()).catch(() => {});
  }

  /** End of input: whoever we asked something will not answer, what else ends in time is finished and written first. */
  async #finish(): Promise<void> {
    clearInterval(this.#abandoned);
    this.#abandoned = undefined;
    this.#framer.end();
    this.#channel.session.close();
    for (const call of this.#channel.calls) call.shutdown();
    await within(END_OF_INPUT_GRACE_MS, this.#app.calls.idle());
    for (const call of this.#channel.calls) call.cancel("disconnect");
    this.#channel.flush();
    await this.#flushed();
    this.#end();
  }

  /** The client is gone: there is nobody to answer. */
  #gone(reason: string): void {
    if (this.#ended) return;
    this.#app.logger.log("info", "client_gone", { reason });
    for (const call of this.#channel.calls) call.cancel("disconnect");
    this.#end();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#abandoned);
    this.#options.onEnd();
  }
}

/** A process serves one client on its own stdin. */
const ONE_SESSION = () => ({ sessions: 1, heldStreams: 0 });

function tooLong(maxLineBytes: number): { readonly code: number; readonly message: string } {
  return {
    code: ErrorCode.InvalidRequest,
    message: `Invalid request: a message may have at most ${maxLineBytes} bytes`,
  };
}
