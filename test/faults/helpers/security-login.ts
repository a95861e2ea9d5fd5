/** A login at the demo provider without a browser: a registered client, a jar of cookies, and the forms as they come. */
import { createHash, randomBytes } from "node:crypto";

/** Pages from the first redirect to the code: a login, a consent, and the redirects between them; a loop is longer. */
const MAX_PAGES = 12;
/** Where the code is sent. Nothing listens there: the redirect itself is what is read. */
const REDIRECT_URI = "http://127.0.0.1/callback";
const SCOPE = "openid offline_access products:read";

/** Everything a token endpoint wants to see beside a code. */
export interface Grant {
  readonly clientId: string;
  readonly code: string;
  readonly verifier: string;
}

/** One client of the provider, and the users it sends there. */
export class LoginClient {
  readonly #issuer: string;
  readonly #resource: string;
  #clientId = "";

  constructor(issuer: string, resource: string) {
    this.#issuer = issuer;
    this.#resource = resource;
  }

  /** Registers the client (RFC 7591), as a program that keeps no secret. */
  async register(): Promise<void> {
    const response = await fetch(`${this.#issuer}/reg`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        client_name: "fifty",
        redirect_uris: [REDIRECT_URI],
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
        token_endpoint_auth_method: "none",
        application_type: "native",
      }),
    });
    const { client_id } = (await response.json()) as { client_id?: string };
    if (client_id === undefined) throw new Error(`no client: ${response.status}`);
    this.#clientId = client_id;
  }

  /** Lets a user log in and agree to everything; gives what the client may redeem. */
  async authorize(user: string): Promise<Grant> {
    const verifier = randomBytes(32).toString("base64url");
    const url = new URL(`${this.#issuer}/auth`);
    url.search = new URLSearchParams({
      client_id: this.#clientId,
      response_type: "code",
      redirect_uri: REDIRECT_URI,
      scope: SCOPE,
      resource: this.#resource,
      // Without a consent there is no refresh token (OpenID Connect Core, section 11).
      prompt: "consent",
      code_challenge: createHash("sha256").update(verifier).digest("base64url"),
      code_challenge_method: "S256",
    }).toString();
    const back = await new Visitor(user).visit(url);
    const code = back.searchParams.get("code");
    if (code === null) throw new Error(`no code: ${back.search}`);
    return { clientId: this.#clientId, code, verifier };
  }

  redeem({ clientId, code, verifier }: Grant): Promise<Answer> {
    return this.#token({
      grant_type: "authorization_code",
      client_id: clientId,
      code,
      code_verifier: verifier,
      redirect_uri: REDIRECT_URI,
      resource: this.#resource,
    });
  }

  refresh(refreshToken: string): Promise<Answer> {
    return this.#token({
      grant_type: "refresh_token",
      client_id: this.#clientId,
      refresh_token: refreshToken,
      resource: this.#resource,
    });
  }

  async #token(form: Record<string, string>): Promise<Answer> {
    const response = await fetch(`${this.#issuer}/token`, { method: "POST", body: new URLSearchParams(form) });
    return { status: response.status, body: (await response.json()) as Answer["body"] };
  }
}

export interface Answer {
  readonly status: number;
  readonly body: { readonly access_token?: string; readonly refresh_token?: string; readonly error?: string };
}

/** A person at a browser: keeps cookies, fills in forms, follows redirects until they leave the provider. */
class Visitor {
  readonly #user: string;
  readonly #cookies = new Map<string, string>();

  constructor(user: string) {
    this.#user = user;
  }

  async visit(first: URL): Promise<URL> {
    let url = first;
    let body: URLSearchParams | undefined;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      if (url.href.startsWith(REDIRECT_URI)) return url;
      const response = await this.#request(url, body);
      const location = response.headers.get("location");
      const html = await response.text();
      const form = location === null ? formOf(html, this.#user) : undefined;
      if (location === null && form === undefined) throw new Error(`${url.pathname} (${response.status}): ${html}`);
      url = new URL(location ?? form?.action ?? "", url);
      body = form?.fields;
    }
    throw new Error(`still at ${url.pathname} after ${MAX_PAGES} pages`);
  }

  async #request(url: URL, body: URLSearchParams | undefined): Promise<Response> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(url, {
      redirect: "manual",
      headers: { cookie },
      ...(body !== undefined && { method: "POST", body }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === "") this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return response;
  }
}

/** The form of a page with its hidden fields, and who is asking filled in where a page asks. */
function formOf(html: string, user: string): { action: string; fields: URLSearchParams } | undefined {
  const action = /<form[^>]*\baction="([^"]*)"/.exec(html)?.[1];
  if (action === undefined) return undefined;
  const fields = new URLSearchParams();
  for (const [input] of html.matchAll(/<input\b[^>]*>/g)) {
    const name = /\bname="([^"]*)"/.exec(input)?.[1];
    if (name === undefined) continue;
    const given = name === "login" ? user : name === "password" ? "anything" : undefined;
    fields.set(name, given ?? /\bvalue="([^"]*)"/.exec(input)?.[1] ?? "");
  }
  return { action, fields };
}
