/** A caller with a token on every way over HTTP, with one verb: a request, and what became of it. */
import { legacySession, modernRequest, post, type RawResponse, sse } from "./raw-http.js";
import type { Revision, WireObject } from "./wire-schema.js";

export interface Answered {
  /** Undefined where answers come on a stream that has long begun. */
  readonly status?: number;
  /** `WWW-Authenticate`. */
  readonly challenge?: string | undefined;
  readonly message: WireObject;
}

export interface BearerClient {
  request(method: string, params?: WireObject): Promise<Answered>;
  /** Other credentials from now on, in the same session. */
  become(token: string): void;
  close(): void;
}

export interface BearerWay {
  readonly name: string;
  /** True where a denial has a status of its own. */
  readonly challenges: boolean;
  start(origin: string, token: string): Promise<BearerClient>;
}

const authorization = (token: string) => ({ authorization: `Bearer ${token}` });

function answered({ status, headers, reply = {} }: RawResponse): Answered {
  return { status, challenge: headers["www-authenticate"], message: reply };
}

async function modern(origin: string, token: string): Promise<BearerClient> {
  let current = token;
  return {
    request: async (method, params) => {
      const { message, headers } = modernRequest(method, params);
      return answered(await post(`${origin}/mcp`, message, { headers: { ...headers, ...authorization(current) } }));
    },
    become: (other) => {
      current = other;
    },
    close: () => {},
  };
}

async function session(revision: Revision, origin: string, token: string): Promise<BearerClient> {
  let current = token;
  const one = await legacySession(`${origin}/mcp`, revision, { headers: authorization(token) });
  return {
    request: async (method, params) => {
      return answered(await one.post(one.message(method, params), { headers: authorization(current) }));
    },
    become: (other) => {
      current = other;
    },
    close: () => {},
  };
}

async function httpSse(origin: string, token: string): Promise<BearerClient> {
  const headers: Record<string, string> = authorization(token);
  const one = await sse(`${origin}/sse`, { headers });
  await one.initialize();
  return {
    request: async (method, params) => ({ message: await one.request(method, params) }),
    become: (other) => void Object.assign(headers, authorization(other)),
    close: () => one.stream.close(),
  };
}

export const BEARER_WAYS: readonly BearerWay[] = [
  { name: "2026-07-28", challenges: true, start: modern },
  ...(["2025-11-25", "2025-06-18", "2025-03-26"] as const).map((revision) => ({
    name: revision,
    challenges: true,
    start: (origin: string, token: string) => session(revision, origin, token),
  })),
  { name: "HTTP+SSE", challenges: false, start: httpSse },
];
