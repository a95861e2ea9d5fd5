/** An authorization server with one good token, anew for each test, and the authenticator that asks it. */
import { afterEach, beforeEach, vi } from "vitest";
import { type IntrospectionOptions, introspection } from "../../../src/auth/introspection.js";
import type { Authenticator } from "../../../src/index.js";
import { type IntrospectionServer, introspectionServer } from "./introspection-server.js";

export const AUDIENCE = "https://mcp.example.com/mcp";
export const CANARY = "canary-client-secret";
export const ACTIVE = { active: true, sub: "ada", aud: AUDIENCE, scope: "netbox:read netbox:write", client_id: "cli" };

export const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;

export interface Asking {
  as: IntrospectionServer;
  create(options?: Partial<IntrospectionOptions>): Authenticator;
}

export function asking(): Asking {
  const one = {
    create: (options: Partial<IntrospectionOptions> = {}) =>
      introspection({ url: one.as.url, clientId: "mcp", clientSecret: CANARY, audience: AUDIENCE, ...options }),
  } as Asking;
  beforeEach(async () => {
    one.as = await introspectionServer();
    one.as.tokens.set("good", ACTIVE);
  });
  afterEach(async () => {
    vi.useRealTimers();
    await one.as.close();
  });
  return one;
}
