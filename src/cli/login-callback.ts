/** Where the browser comes back to after a login: a port of loopback that answers to one state. */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { CliError, EXIT } from "./errors.js";

/** Time to find a password and a second factor. */
const LOGIN_MS = 300_000;
const CALLBACK = "/callback";
const STATE_BYTES = 32;

/** Without a listener a login is never begun; the protocol wants an address all the same. */
export const NO_CALLBACK: string = `http://127.0.0.1${CALLBACK}`;

export class LoginCallback {
  readonly #server: Server;
  #state = newState();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async listen(port: number): Promise<LoginCallback> {
    const server = createServer();
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return new LoginCallback(server.unref());
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${CALLBACK}`;
  }

  /** Of the login that begins now: an answer to an earlier one is none to this one. */
  renewState(): string {
    this.#state = newState();
    return this.#state;
  }

  /** Resolves with what the browser brings. */
  arrival(): Promise<URLSearchParams> {
    const server = this.#server;
    return new Promise((resolve, reject) => {
      const expired = () =>
        reject(new CliError(EXIT.connection, `Nobody logged in within ${LOGIN_MS / 60_000} minutes.`));
      const timer = setTimeout(expired, LOGIN_MS);
      server.ref();
      server.removeAllListeners("request").on("request", (request, response) => {
        // Another page of the browser may send anything here; only the login knows the state.
        const brought = this.#broughtBy(request.url);
        const [status, text] = brought === undefined ? ([404, NOTHING] as const) : ([200, DONE] as const);
        response.writeHead(status, { "content-type": "text/plain; charset=utf-8", connection: "close" }).end(text);
        if (brought === undefined) return;
        clearTimeout(timer);
        server.unref();
        resolve(brought);
      });
    });
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #broughtBy(target: string | undefined): URLSearchParams | undefined {
    if (target === undefined || !URL.canParse(target, this.url)) return undefined;
    const { pathname, searchParams } = new URL(target, this.url);
    return pathname === CALLBACK && isSame(searchParams.get("state"), this.#state) ? searchParams : undefined;
  }
}

const DONE = "You can close this window and go back to the terminal.\n";
const NOTHING = "There is nothing here.\n";

function newState(): string {
  return randomBytes(STATE_BYTES).toString("base64url");
}

function isSame(given: string | null, expected: string): boolean {
  const [one, other] = [Buffer.from(given ?? ""), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}
