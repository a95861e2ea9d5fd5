/** What this process does beyond itself while something is tried: requests, sockets, programs, files of the test. */
import child_process from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { IncomingHttpHeaders, IncomingMessage, Server } from "node:http";
import { syncBuiltinESMExports } from "node:module";
import type { AddressInfo, Socket } from "node:net";

export interface SeenRequest {
  readonly port: number;
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

/** These start a program without a `ChildProcess` that could be watched. */
const SYNCHRONOUS = ["spawnSync", "execSync", "execFileSync"] as const;

/** Watches from `start` to `stop`; real parts do the work, and say so. */
export class Watch {
  /** Programs that were started, by what starts them. */
  readonly programs: string[] = [];
  /** Requests that servers of this process were sent, in order. */
  readonly requests: SeenRequest[] = [];
  /** URLs that `fetch` asked for, in order. */
  readonly fetched: string[] = [];
  /** Sockets that were opened towards others. */
  sockets = 0;

  readonly #program = (): void => {
    this.programs.push("spawn");
  };
  readonly #socket = (message: unknown): void => {
    if ((message as { socket?: Socket }).socket !== undefined) this.sockets += 1;
  };
  readonly #fetch = (message: unknown): void => {
    const { request } = message as { request: { origin: string; path: string } };
    this.fetched.push(`${request.origin}${request.path}`);
  };
  readonly #request = (message: unknown): void => {
    const { request, server } = message as { request: IncomingMessage; server: Server };
    const { method = "", url = "", headers } = request;
    const { port } = server.address() as AddressInfo;
    this.requests.push({ port, method, url, headers });
  };
  readonly #originals = new Map<string, unknown>();

  start(): this {
    for (const [name, listener] of this.#channels()) subscribe(name, listener);
    const methods = child_process as unknown as Record<string, (...args: unknown[]) => unknown>;
    for (const name of SYNCHRONOUS) {
      const original = methods[name] as (...args: unknown[]) => unknown;
      this.#originals.set(name, original);
      methods[name] = (...args) => {
        this.programs.push(name);
        return original(...args);
      };
    }
    syncBuiltinESMExports();
    return this;
  }

  stop(): void {
    for (const [name, listener] of this.#channels()) unsubscribe(name, listener);
    Object.assign(child_process, Object.fromEntries(this.#originals));
    syncBuiltinESMExports();
  }

  #channels(): readonly (readonly [string, (message: unknown) => void])[] {
    return [
      ["child_process", this.#program],
      ["net.client.socket", this.#socket],
      ["undici:request:create", this.#fetch],
      ["http.server.request.start", this.#request],
    ];
  }
}
