/** Logging in to a server as its metadata says (OAuth 2.1): the official client does the protocol, this the person's part. */
import type {
  OAuthClientInformationContext,
  OAuthClientMetadata,
  OAuthClientProvider,
  OAuthDiscoveryState,
  StoredOAuthClientInformation,
  StoredOAuthTokens,
} from "@modelcontextprotocol/client";
import { openInBrowser } from "./browser.js";
import { CliError, EXIT } from "./errors.js";
import { LoginCallback, NO_CALLBACK } from "./login-callback.js";
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

export class BrowserLogin implements OAuthClientProvider {
  readonly #store: LoginStore;
  readonly #options: LoginOptions;
  readonly #callback: LoginCallback | undefined;
  #verifier = "";
  #discovered: OAuthDiscoveryState | undefined;
  #page: URL | undefined;
  #wasTried = false;

  private constructor(resource: URL, options: LoginOptions, callback: LoginCallback | undefined) {
    this.#store = new LoginStore(resource);
    this.#options = options;
    this.#callback = callback;
  }

  /** Undefined where nobody can log in and nobody has. */
  static async prepare(resource: URL, options: LoginOptions): Promise<BrowserLogin | undefined> {
    if (!options.mayAsk) {
      const hasTokens = new LoginStore(resource).get().tokens !== undefined;
      return hasTokens ? new BrowserLogin(resource, options, undefined) : undefined;
    }
    // Where the provider compares ports, a client that was registered before needs the one of then.
    const port = registeredPort(new LoginStore(resource));
    const callback = await LoginCallback.listen(port).catch(() => LoginCallback.listen(0));
    return new BrowserLogin(resource, options, callback);
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
    return this.#callback?.url ?? NO_CALLBACK;
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
    return this.#callback?.renewState() ?? "";
  }

  clientInformation(context?: OAuthClientInformationContext): StoredOAuthClientInformation | undefined {
    this.#wasTried = true;
    const { clientId, clientSecret } = this.#options;
    if (clientId === undefined) return this.#store.get(context?.issuer).client;
    const secret = clientSecret === undefined ? {} : { client_secret: clientSecret };
    return { client_id: clientId, ...secret, ...(context !== undefined && { issuer: context.issuer }) };
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

  /** Where the person was sent, the code is taken, whatever the server says by then (mix-up of providers). */
  saveDiscoveryState(discovered: OAuthDiscoveryState): void {
    this.#discovered = discovered;
  }

  discoveryState(): OAuthDiscoveryState | undefined {
    return this.#discovered;
  }

  invalidateCredentials(scope: "all" | "client" | "tokens" | "verifier" | "discovery"): void {
    if (scope === "all" || scope === "discovery") this.#discovered = undefined;
    if (scope === "all" || scope === "client") this.#store.forget();
    else if (scope === "tokens") this.#store.drop("tokens");
  }

  redirectToAuthorization(page: URL): void {
    if (this.#callback === undefined) {
      throw new CliError(EXIT.connection, "The login has ended, and nobody can log in again here.", {
        hint: "Run the command on a terminal to log in, or give an access token with --token or MCP_TOKEN.",
      });
    }
    this.#page = page;
  }

  /** Sends the person to the page and waits for the browser to come back. Gives what it brought. */
  async finish(): Promise<URLSearchParams> {
    const page = this.#page;
    if (page === undefined || this.#callback === undefined) throw new Error("no login was begun");
    this.#page = undefined;
    this.#wasTried = false;
    const back = this.#callback.arrival();
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
    this.#callback?.close();
  }
}

function registeredPort(store: LoginStore): number {
  const { redirect_uris: uris } = (store.get().client ?? {}) as { readonly redirect_uris?: readonly string[] };
  return Number(/:(\d+)\//.exec(uris?.[0] ?? "")?.[1] ?? 0);
}
