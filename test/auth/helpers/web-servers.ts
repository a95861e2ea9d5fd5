/** Web servers of the test process on loopback, and a resolver that gives their names whatever addresses a test wants. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ResolveHost } from "../../../src/util/fetch-targets.js";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface WebServer {
  readonly http: Server;
  readonly port: number;
  /** Requests so far. */
  readonly seen: {
    readonly method: string;
    readonly url: string;
    readonly headers: IncomingMessage["headers"];
    readonly body: string;
  }[];
  close(): Promise<void>;
}

export async function webServer(handler: Handler, host = "127.0.0.1"): Promise<WebServer> {
  const seen: WebServer["seen"] = [];
  const http = createServer((request, response) => {
    const chunks: Buffer[] = [];
    // What a test breaks off on purpose.
    request.on("error", () => undefined);
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      seen.push({ method, url, headers, body: Buffer.concat(chunks).toString("utf8") });
      handler(request, response);
    });
  });
  await new Promise<void>((resolve) => http.listen(0, host, resolve));
  const close = () => {
    http.closeAllConnections();
    return new Promise<void>((resolve) => http.close(() => resolve()));
  };
  return { http, port: (http.address() as AddressInfo).port, seen, close };
}

export interface FakeNames {
  readonly resolveHost: ResolveHost;
  /** Names that were asked for, in order. */
  readonly asked: string[];
}

/** Each time a name is asked for it gets its next answer; the last one stays. */
export function fakeNames(answers: Readonly<Record<string, readonly (readonly string[])[]>>): FakeNames {
  const asked: string[] = [];
  const resolveHost: ResolveHost = async (hostname) => {
    asked.push(hostname);
    const times = asked.filter((name) => name === hostname).length;
    const all = answers[hostname] ?? [];
    const answer = all[Math.min(times, all.length) - 1];
    if (answer === undefined) throw new Error(`no such name: ${hostname}`);
    return answer;
  };
  return { resolveHost, asked };
}
