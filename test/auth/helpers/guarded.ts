/** A web server on loopback behind names that a guarded fetch may use, anew for each test. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { afterEach, beforeEach } from "vitest";
import { createGuardedFetch, type GuardedFetchOptions } from "../../../src/guarded-fetch.js";
import { type FakeNames, fakeNames, type WebServer, webServer } from "./web-servers.js";

export const MIB = 1_048_576;

export interface Web {
  /** What the server of this test says; `hello` unless a test has other plans. */
  answer: (request: IncomingMessage, response: ServerResponse) => void;
  server: WebServer;
  readonly names: FakeNames;
  create(options?: GuardedFetchOptions): typeof fetch;
  at(path?: string, host?: string): string;
}

export function guardedWeb(): Web {
  const names = fakeNames({
    "host.test": [["127.0.0.1"]],
    "six.test": [["::1"]],
    "both.test": [["192.0.2.1", "127.0.0.1"]],
  });
  const hello: Web["answer"] = (_request, response) => void response.end("hello");
  const web = {
    answer: hello,
    names,
    create: (options: GuardedFetchOptions = {}) =>
      createGuardedFetch({ resolveHost: names.resolveHost, allow: ["127.0.0.1", "::1"], ...options }),
    at: (path = "/", host = "host.test") => `http://${host}:${web.server.port}${path}`,
  } as Web;
  beforeEach(async () => {
    web.answer = hello;
    web.server = await webServer((request, response) => web.answer(request, response));
  });
  afterEach(() => web.server.close());
  return web;
}
