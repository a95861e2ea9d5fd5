/**
 * The recipes of docs/auth: the configuration lines of each page, as they stand there, against the token that the page
 * shows, signed with a test key. What the pages say of traps is tried as well.
 */
import { CompactSign } from "jose";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { Authenticator } from "../../src/index.js";
import { bearer } from "../auth/helpers/auth-request.js";
import { createKey, type SigningKey } from "../auth/helpers/issuer.js";
import { blocks, evaluate, readPage } from "./helpers/pages.js";

type Claims = Readonly<Record<string, unknown>>;

interface Recipe {
  readonly page: string;
  /** Which block of the page, and which token. */
  readonly block?: number;
  readonly token?: number;
  readonly typ?: string;
  readonly alg?: "ES256" | "RS256";
  readonly permissions: readonly string[];
  readonly subject?: string;
  readonly tenant?: string;
  /** The header that the token comes in, where it is not the usual one. */
  readonly header?: string;
  /** Claims beside those of the page. */
  readonly also?: Claims;
}

const RECIPES: readonly Recipe[] = [
  { page: "auth0", typ: "JWT", permissions: ["openid", "profile", "products:read", "products:write"] },
  { page: "entra", typ: "JWT", permissions: ["products.read", "products.write"] },
  { page: "entra", block: 1, token: 1, typ: "JWT", permissions: ["products.read"] },
  { page: "okta", permissions: ["openid", "products:read"], subject: "ada@example.com" },
  { page: "okta", block: 1, also: { groups: ["Warehouse", "Else"] }, permissions: ["products:read", "products:write"] },
  {
    page: "keycloak",
    typ: "JWT",
    permissions: ["openid", "products:read", "default-roles-shop", "offline_access", "auditor", "products:write"],
  },
  {
    page: "cognito",
    permissions: ["openid", "https://mcp.example.com/mcp/products:read", "products:read", "auditors"],
  },
  { page: "authkit", permissions: ["products:read"], tenant: "org_01J9Q4EXAMPLE0ORGANISATION" },
  { page: "descope", typ: "JWT", permissions: ["openid", "products:read"] },
  { page: "oidc-provider", typ: "at+jwt", permissions: ["products:read"], subject: "ada" },
  { page: "proxy", header: "cf-access-jwt-assertion", typ: "JWT", permissions: ["products:read"] },
  {
    ...{ page: "proxy", block: 1, token: 1, header: "x-goog-iap-jwt-assertion", typ: "JWT" },
    ...{ alg: "ES256", permissions: ["products:read"] },
  },
];

const named = RECIPES.map((recipe) => ({ ...recipe, name: `${recipe.page}, block ${(recipe.block ?? 0) + 1}` }));
const keys = new Map<string, SigningKey>();

beforeAll(async () => {
  for (const alg of ["ES256", "RS256"]) keys.set(alg, await createKey(alg));
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
});

function claimsOf({ page, token = 0, also = {} }: Recipe): Claims {
  const now = Math.floor(Date.now() / 1000);
  const shown = JSON.parse(blocks(`docs/auth/${page}.md`, "json")[token] ?? "") as Claims;
  return { ...shown, ...also, iat: now, exp: now + 600 };
}

/** The authenticator of the page, and an internet in which its issuer alone exists. */
function authOf(recipe: Recipe): Authenticator {
  const { iss } = claimsOf(recipe);
  const metadata = `${String(iss).replace(/\/$/, "")}/.well-known/openid-configuration`;
  const block = blocks(`docs/auth/${recipe.page}.md`, "ts")[recipe.block ?? 0] ?? "";
  const jwksUri = /jwksUri: "([^"]+)"/.exec(block)?.[1] ?? "https://keys.example.net/jwks";
  const documents = new Map<string, unknown>([
    [new URL(metadata).href, { issuer: iss, jwks_uri: jwksUri }],
    [new URL(jwksUri).href, { keys: [...keys.values()].map(({ jwk }) => jwk) }],
  ]);
  vi.stubGlobal("fetch", async (url: string) => {
    const document = documents.get(new URL(url).href);
    return document === undefined ? new Response("", { status: 404 }) : Response.json(document);
  });
  return evaluate(block).auth as Authenticator;
}

async function sign(recipe: Recipe, claims: Claims, key = keys.get(recipe.alg ?? "RS256")): Promise<string> {
  if (key === undefined) throw new Error("no key");
  const present = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
  const header = { alg: key.alg, kid: key.kid, ...(recipe.typ !== undefined && { typ: recipe.typ }) };
  return new CompactSign(Buffer.from(JSON.stringify(present))).setProtectedHeader(header).sign(key.privateKey);
}

function present(recipe: Recipe, token: string): Parameters<Authenticator["authenticate"]>[0] {
  const { header } = recipe;
  if (header === undefined) return bearer(token);
  return { ...bearer(token), header: (name) => (name === header ? token : undefined) };
}

/** The message of the refusal, or what was let in. */
async function outcome(auth: Authenticator, recipe: Recipe, token: string): Promise<unknown> {
  try {
    return await auth.authenticate(present(recipe, token));
  } catch (error) {
    return (error as Error).message;
  }
}

const FOREIGN_AUDIENCE = "The access token is not meant for this server (aud).";
const FOREIGN_ISSUER = "The access token is from an issuer that is not accepted here (iss).";

describe.each(named)("$name", (recipe) => {
  test("the token of the page is accepted, with the permissions that the page names", async () => {
    const claims = claimsOf(recipe);
    const principal = await outcome(authOf(recipe), recipe, await sign(recipe, claims));
    expect(principal).toMatchObject({ issuer: claims.iss, subject: recipe.subject ?? claims.sub });
    const { permissions, tenant } = principal as { permissions: readonly string[]; tenant?: string };
    expect(permissions).toEqual(recipe.permissions);
    expect(tenant).toBe(recipe.tenant);
  });

  test("another audience, none, and another issuer are refused", async () => {
    const auth = authOf(recipe);
    const claims = claimsOf(recipe);
    const foreign = await sign(recipe, { ...claims, aud: "https://other.example.com", client_id: "other" });
    expect(await outcome(auth, recipe, foreign)).toBe(FOREIGN_AUDIENCE);
    const nobody = await sign(recipe, { ...claims, aud: undefined, client_id: undefined });
    expect(await outcome(auth, recipe, nobody)).toBe(FOREIGN_AUDIENCE);
    const iss = String(claims.iss);
    for (const other of ["https://login.example.net/", iss.endsWith("/") ? iss.slice(0, -1) : `${iss}/`]) {
      expect(await outcome(auth, recipe, await sign(recipe, { ...claims, iss: other }))).toBe(FOREIGN_ISSUER);
    }
  });

  test("a token that ended, and one with a key that is not the issuer's, are refused", async () => {
    const auth = authOf(recipe);
    const claims = claimsOf(recipe);
    const ended = await sign(recipe, { ...claims, iat: 1_600_000_000, exp: 1_600_000_600 });
    expect(await outcome(auth, recipe, ended)).toBe("The access token has expired.");
    const stranger = { ...(await createKey("ES256")), kid: keys.get("ES256")?.kid ?? "" };
    const forged = await sign(recipe, claims, stranger);
    expect(await outcome(auth, recipe, forged)).toBe("The signature of the access token is wrong.");
  });
});

test("the pages name every permission that counts there", () => {
  for (const { page, permissions } of RECIPES.filter(({ also }) => also === undefined)) {
    const text = readPage(`docs/auth/${page}.md`);
    for (const one of permissions.filter((name) => /^(products|auditor)/.test(name))) {
      expect(text, `${page}: ${one}`).toContain(`\`${one}\``);
    }
  }
});

describe("traps", () => {
  const recipeOf = (page: string): Recipe => RECIPES.find((one) => one.page === page) as Recipe;
  const refused = async (page: string, changes: Claims) => {
    const recipe = recipeOf(page);
    return outcome(authOf(recipe), recipe, await sign(recipe, { ...claimsOf(recipe), ...changes }));
  };

  test("Auth0: an opaque token and an ID token", async () => {
    const recipe = recipeOf("auth0");
    expect(await outcome(authOf(recipe), recipe, "aGVsbG8-opaque")).toBe("The access token is not a signed JWT.");
    expect(await refused("auth0", { aud: "my_client_id", nonce: "n" })).toBe(FOREIGN_AUDIENCE);
  });

  test("Entra ID: a token for Microsoft Graph, one of another tenant, and one of version 1", async () => {
    const graph = { aud: "00000003-0000-0000-c000-000000000000" };
    expect(await refused("entra", graph)).toBe(FOREIGN_AUDIENCE);
    const other = { iss: "https://login.microsoftonline.com/99999999-0000-0000-0000-000000000000/v2.0" };
    expect(await refused("entra", other)).toBe(FOREIGN_ISSUER);
    const first = { iss: "https://sts.windows.net/00000000-0000-0000-0000-000000000000/" };
    expect(await refused("entra", first)).toBe(FOREIGN_ISSUER);
  });

  test("Okta: the organisation's own server", async () => {
    expect(await refused("okta", { iss: "https://ORG.okta.com" })).toBe(FOREIGN_ISSUER);
  });

  test("Keycloak: without the mapper, without the scope basic, and a refresh token", async () => {
    expect(await refused("keycloak", { aud: "account" })).toBe(FOREIGN_AUDIENCE);
    const nobody = "The access token does not say properly whom it stands for (sub).";
    expect(await refused("keycloak", { sub: undefined })).toBe(nobody);
    expect(await refused("keycloak", { typ: "Refresh" })).toBe("The token is not an access token.");
  });

  test("Cognito: an ID token, and a token that names the resource", async () => {
    const id = { token_use: "id", aud: "APP_CLIENT_ID", client_id: undefined };
    expect(await refused("cognito", id)).toBe("The token is not an access token.");
    const bound = { aud: "https://mcp.example.com/mcp", client_id: "another-client" };
    expect(await refused("cognito", bound)).toMatchObject({ clientId: "another-client" });
  });

  test("AuthKit: the client id of the environment as audience; another organisation may nothing", async () => {
    expect(await refused("authkit", { aud: "client_01J9Q4ENVIRONMENT" })).toBe(FOREIGN_AUDIENCE);
    expect(await refused("authkit", { org_id: "org_other" })).toMatchObject({ permissions: [], tenant: "org_other" });
  });

  test("oidc-provider: a token that is not marked", async () => {
    const recipe = { ...recipeOf("oidc-provider"), typ: "JWT" };
    const token = await sign(recipe, claimsOf(recipe));
    const wrong = "The token is of a type (typ) that is not accepted here.";
    expect(await outcome(authOf(recipe), recipe, token)).toBe(wrong);
  });

  test("behind a proxy, the usual header opens nothing, nor does a statement about no person", async () => {
    const recipe = recipeOf("proxy");
    const auth = authOf(recipe);
    const token = await sign(recipe, claimsOf(recipe));
    expect(await auth.authenticate(bearer(token))).toBeUndefined();
    const service = await sign(recipe, { ...claimsOf(recipe), sub: "", common_name: "robot" });
    expect(await outcome(auth, recipe, service)).toMatch(/whom it stands for/);
  });
});

describe("google", () => {
  const page = "docs/auth/google.md";
  const answer = JSON.parse(blocks(page, "json")[0] ?? "") as Claims;
  const ask = async (reply: () => Response | Promise<Response>) => {
    vi.stubGlobal("fetch", async (url: string) => {
      expect(url).toBe("https://oauth2.googleapis.com/tokeninfo?access_token=ya29.example");
      return reply();
    });
    const auth = evaluate(blocks(page, "ts")[0] ?? "").auth as Authenticator;
    return outcome(auth, { page: "google", permissions: [] }, "ya29.example");
  };

  test("the answer of the page is a caller with the permissions that the server gives", async () => {
    const found = await ask(() => Response.json(answer));
    expect(found).toMatchObject({ subject: answer.sub, permissions: ["products:read"], expiresAt: 4102444800000 });
  });

  test("another client, a bad token, nobody, and Google being away are told apart", async () => {
    expect(await ask(() => Response.json({ ...answer, aud: "other" }))).toMatch(/another client/);
    expect(await ask(() => Response.json({ error: "invalid_token" }, { status: 400 }))).toMatch(/not good/);
    expect(await ask(() => Response.json({ ...answer, sub: undefined }))).toMatch(/nobody/);
    expect(await ask(() => new Response("", { status: 503 }))).toBe("Google does not answer");
    expect(await ask(() => Promise.reject(new TypeError("fetch failed")))).toBe("Google does not answer");
    const unverified = await ask(() => Response.json({ ...answer, email_verified: "false" }));
    expect(unverified).toMatchObject({ permissions: [] });
  });
});
