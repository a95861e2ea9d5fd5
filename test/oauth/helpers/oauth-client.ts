/** What a host gives the official client so that its user can log in: storage, and a browser. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { OAuthClientProvider } from "@modelcontextprotocol/client";
import type { Browser } from "./browser.js";

type ClientInformation = Awaited<ReturnType<OAuthClientProvider["clientInformation"]>>;
type Tokens = Awaited<ReturnType<OAuthClientProvider["tokens"]>>;

/** Where the browser is sent back to. */
export interface Callback {
  readonly url: string;
  /** The parameters of the next visit. */
  next(): Promise<URLSearchParams>;
  close(): void;
}

/** Listens for the browser that comes back from the login. */
export async function startCallback(): Promise<Callback> {
  const waiting: ((params: URLSearchParams) => void)[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    response.end("Logged in.");
    if (url.pathname === "/callback") waiting.shift()?.(url.searchParams);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`,
    next: () => new Promise((resolve) => waiting.push(resolve)),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Everything a client keeps of one server. */
export class Keyring implements OAuthClientProvider {
  readonly clientMetadataUrl?: string;
  readonly redirectUrl: string;
  /** Where users were sent to log in, oldest first. */
  readonly logins: URL[] = [];
  information: ClientInformation;
  stored: Tokens;
  #verifier = "";

  constructor(redirectUrl: string, clientMetadataUrl?: string) {
    this.redirectUrl = redirectUrl;
    if (clientMetadataUrl !== undefined) this.clientMetadataUrl = clientMetadataUrl;
  }

  get clientMetadata(): OAuthClientProvider["clientMetadata"] {
    return {
      client_name: "Test host",
      redirect_uris: [this.redirectUrl],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
      application_type: "native",
    };
  }

  clientInformation(): ClientInformation {
    return this.information;
  }
  saveClientInformation(information: NonNullable<ClientInformation>): void {
    this.information = information;
  }
  tokens(): Tokens {
    return this.stored;
  }
  saveTokens(tokens: NonNullable<Tokens>): void {
    this.stored = tokens;
  }
  redirectToAuthorization(url: URL): void {
    this.logins.push(url);
  }
  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier;
  }
  codeVerifier(): string {
    return this.#verifier;
  }
}

/** Logs in as a person would: opens the page, says who it is, agrees to what is asked for. */
export async function logIn(browser: Browser, url: URL, user: string, callback: Callback): Promise<URLSearchParams> {
  const back = callback.next();
  const page = await browser.context.newPage();
  await page.goto(url.href);
  const done = () => page.url().startsWith(callback.url);
  // A login, then one page for each thing to agree to; who is logged in already is not asked again.
  while (!done()) {
    const name = page.locator('input[name="login"]');
    if ((await name.count()) > 0) {
      await name.fill(user);
      await page.locator('input[name="password"]').fill("anything");
    }
    await Promise.all([page.waitForEvent("load"), page.locator('button[type="submit"]').click()]);
  }
  await page.close();
  return back;
}
