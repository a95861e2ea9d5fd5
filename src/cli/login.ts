/** Logging in to a server as its metadata says (OAuth 2.1): the official client does the protocol, this the person's part. */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type {
  OAuthClientInformationContext,
  OAuthClientMetadata,
  OAuthClientProvider,
  StoredOAuthClientInformation,
  StoredOAuthTokens,
} from "@modelcontextprotocol/client";
import { openInBrowser } from "./browser.js";
import { CliError, EXIT } from "./errors.js";
import { LoginStore } from "./login-store.js";
import { question } from "./question.js";
import { harmless, paletteOf } from "./terminal.js";

export interface LoginOptions {
  /** Somebody is there who can log in. */
  readonly mayAsk: boolean;
  readonly clientId: string | undefined;
  readonly clientSecret: string | undefined;
  readonly scope: string | undefined;
}

/** Time to find a password and a second factor. */
const LOGIN_MS = 300_000;
const CALLBACK = "/callback";
const STATE_BYTES = 32;

export class BrowserLogin implements OAuthClientProvider {
  readonly #store: LoginStore;
  readonly #options: LoginOptions;
  readonly #server: Server | undefined;
  readonly #state = randomBytes(STATE_BYTES).toString("base64url");
  #verifier = "";
  #page: URL | undefined;
  #wasTried = false;

  private constructor(resource: URL, options: LoginOptions, server: Server | undefined) {
    this.#store = new LoginStore(resource);
    this.#options = options;
    this.#server = server;
  }

  /** Undefined where nobody can log in and nobody has. */
  static async prepare(resource: URL, options: LoginOptions): Promise<BrowserLogin | undefined> {
    if (!options.mayAsk) {
      const hasTokens = new LoginStore(resource).get().tokens !== undefined;
      return hasTokens ? new BrowserLogin(resource, options, undefined) : undefined;
    }
    // Where the provider compares ports, a client that was registered before needs the one of then.
    const server = await listen(registeredPort(new LoginStore(resource))).catch(() => listen(0));
    return new BrowserLogin(resource, options, server);
  }

  /** A login was begun and waits for the person. */
  get isPending(): boolean {
    return this.#page !== undefined;
  }

  /** The server has asked for credentials, and what followed is about the login. */
  get wasTried(): boolean {
    return this.#wasTried;
  }

  get redirectUrl(): string {
    // Without a listener a login is never begun; the protocol wants an address all the same.
    const address = this.#server?.address() as AddressInfo | null | undefined;
    return `http://127.0.0.1${address ? `:${address.port}` : ""}${CALLBACK}`;
  }

  get clientMetadata(): OAuthClientMetadata {
    const { scope, clientSecret } = this.#options;
    return {
      client_name: "Holdfast",
      redirect_uris: [this.redirectUrl],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: clientSecret === undefined ? "none" : "client_secret_post",
      application_type: "native",
      ...(scope !== undefined && { scope }),
    };
  }

  state(): string {
    return this.#state;
  }

  clientInformation(context?: OAuthClientInformationContext): StoredOAuthClientInformation | undefined {
    this.#wasTried = true;
    const { clientId, clientSecret } = this.#options;
    if (clientId === undefined) return this.#store.get(context?.issuer).client;
    return { client_id: clientId, ...(clientSecret !== undefined && { client_secret: clientSecret }) };
  }

  saveClientInformation(client: StoredOAuthClientInformation, context?: OAuthClientInformationContext): void {
    if (this.#options.clientId === undefined) this.#store.set({ client }, context?.issuer);
  }

  tokens(context?: OAuthClientInformationContext): StoredOAuthTokens | undefined {
    return this.#store.get(context?.issuer).tokens;
  }

  saveTokens(tokens: StoredOAuthTokens, context?: OAuthClientInformationContext): void {
    this.#store.set({ tokens }, context?.issuer);
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier;
  }

  codeVerifier(): string {
    return this.#verifier;
  }

  invalidateCredentials(scope: "all" | "client" | "tokens" | "verifier" | "discovery"): void {
    if (scope === "all" || scope === "client") this.#store.forget();
    else if (scope === "tokens") this.#store.drop("tokens");
  }

  redirectToAuthorization(page: URL): void {
    if (this.#server === undefined) {
      throw new CliError(EXIT.connection, "The login has ended, and nobody can log in again here.", {
        hint: "Run the command on a terminal to log in, or give an access token with --token or MCP_TOKEN.",
      });
    }
    this.#page = page;
  }

  /** Sends the person to the page and waits for the browser to come back. Gives what it brought. */
  async finish(): Promise<URLSearchParams> {
    const page = this.#page;
    if (page === undefined || this.#server === undefined) throw new Error("no login was begun");
    this.#page = undefined;
    this.#wasTried = false;
    const back = this.#callback(this.#server);
    const arrived = new AbortController();
    back.then(
      () => arrived.abort(),
      () => undefined,
    );
    const { bold } = paletteOf(process.stderr);
    process.stderr.write(`${bold("The server asks you to log in:")}\n  ${harmless(page.href)}\n`);
    // The login may be done elsewhere before anybody has answered.
    const answer = await question(`Open ${page.host} in the browser? (yes, or open it yourself) `, arrived.signal);
    if (answer === undefined && !arrived.signal.aborted)
      throw new CliError(EXIT.interrupted, "The login was cancelled.");
    if (/^y(es)?$/i.test(answer ?? "") && !(await openInBrowser(page))) {
      process.stderr.write("There is no browser to be started here: open the page yourself.\n");
    }
    if (!arrived.signal.aborted) process.stderr.write("Waiting for the login. Ctrl-C gives up.\n");
    return back;
  }

  close(): void {
    this.#server?.close();
    this.#server?.closeAllConnections();
  }

  #callback(server: Server): Promise<URLSearchParams> {
    return new Promise((resolve, reject) => {
      const expired = () =>
        reject(new CliError(EXIT.connection, `Nobody logged in within ${LOGIN_MS / 60_000} minutes.`));
      const timer = setTimeout(expired, LOGIN_MS);
      server.ref();
      server.on("request", (request, response) => {
        const { pathname, searchParams } = new URL(request.url ?? "/", this.redirectUrl);
        // Another page of the browser may send anything here; only the login knows the state.
        const isOurs = pathname === CALLBACK && isSame(searchParams.get("state"), this.#state);
        response.writeHead(isOurs ? 200 : 404, { "content-type": "text/plain; charset=utf-8", connection: "close" });
        response.end(isOurs ? "You can close this window and go back to the terminal.\n" : "There is nothing here.\n");
        if (!isOurs) return;
        clearTimeout(timer);
        server.unref();
        resolve(searchParams);
      });
    });
  }
}

async function listen(port: number): Promise<Server> {
  const server = createServer();
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return server.unref();
}

function registeredPort(store: LoginStore): number {
  const { redirect_uris: uris } = (store.get().client ?? {}) as { readonly redirect_uris?: readonly string[] };
  return Number(/:(\d+)\//.exec(uris?.[0] ?? "")?.[1] ?? 0);
}

function isSame(given: string | null, expected: string): boolean {
  const [one, other] = [Buffer.from(given ?? ""), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}
