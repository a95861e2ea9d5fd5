/** Two issuers, one that signs with ES256 and one with RS256, and an authenticator that takes the tokens of both. */
import { afterAll, beforeAll } from "vitest";
import { loadJose } from "../../../src/auth/jose.js";
import { jwt } from "../../../src/auth/jwt.js";
import type { Authenticator } from "../../../src/index.js";
import { AUDIENCE, FakeIssuer } from "./issuer.js";

export interface Issuers {
  ec: FakeIssuer;
  rsa: FakeIssuer;
  auth: Authenticator;
}

export function twoIssuers(): Issuers {
  const all = {} as Issuers;
  beforeAll(async () => {
    await loadJose();
    all.ec = await FakeIssuer.start();
    all.rsa = await FakeIssuer.start({ alg: "RS256" });
    all.auth = jwt({ issuer: [all.ec.url, all.rsa.url], audience: AUDIENCE });
  });
  afterAll(async () => {
    await all.ec.close();
    await all.rsa.close();
  });
  return all;
}
