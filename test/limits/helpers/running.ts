/** Servers that `run()` put on a port of their own: the bounds of connections are those of its HTTP server. */
import { afterAll } from "vitest";
import type { Limits } from "../../../src/index.js";
import { RawSocket, requestBytes } from "../../support/raw-http.js";
import { type LimitedServer, limitedServer } from "./limited.js";

export interface Running extends LimitedServer {
  readonly url: string;
}

/** Long after the bounds that these tests set, also on a machine with other things to do. */
const CUT_MS = 20_000;
const PING = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" });

/** Runs what is closed when all tests are over: those that wait for time to pass do so together. */
export function running(): (limits: Partial<Limits>) => Promise<Running> {
  const ends: (() => Promise<void>)[] = [];
  afterAll(async () => {
    for (const end of ends.splice(0)) await end();
  });
  return async (limits) => {
    const server = limitedServer(limits);
    const handle = await server.mcp.run({ transport: "http", port: 0, signals: false });
    ends.push(async () => {
      server.release();
      await handle.close();
    });
    return { ...server, url: handle.url ?? "" };
  };
}

/** A connection that asks by hand, piece by piece. */
export class Connection {
  readonly #socket: RawSocket;
  readonly #url: string;

  private constructor(socket: RawSocket, url: string) {
    this.#socket = socket;
    this.#url = url;
  }

  static async open(url: string): Promise<Connection> {
    return new Connection(await RawSocket.connect(url), url);
  }

  /** The bytes of a ping on a connection that is kept. */
  ping(headers: Readonly<Record<string, string>> = {}): Buffer {
    return requestBytes(this.#url, "POST", PING, { connection: "keep-alive", ...headers });
  }

  /** Resolves when the bytes are out, or when the server did not want them any more. */
  async write(bytes: string | Uint8Array): Promise<void> {
    await this.#socket.write(bytes).catch(() => undefined);
  }

  /** What comes next; empty when the connection has ended. */
  async next(): Promise<string> {
    return (await this.#socket.received.next(undefined, CUT_MS))?.toString("latin1") ?? "";
  }

  /** The status of the answer to a ping; undefined for a connection that has ended. */
  async ask(headers?: Readonly<Record<string, string>>): Promise<number | undefined> {
    await this.write(this.ping(headers));
    return statusOf(await this.next());
  }

  /** Everything that still comes, until the server ends the connection. */
  async cut(): Promise<string> {
    for (let all = ""; ; ) {
      const more = await this.next();
      if (more === "") return all;
      all += more;
    }
  }

  leave(): void {
    this.#socket.destroy();
  }
}

/** The status that an answer begins with; undefined for none. */
export function statusOf(answer: string): number | undefined {
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1];
  return status === undefined ? undefined : Number(status);
}
