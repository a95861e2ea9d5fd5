/** An authorization server of the test process: an introspection endpoint that says what the test wants it to. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What the endpoint was asked. */
export interface Asked {
  readonly method: string | undefined;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly form: URLSearchParams;
}

export interface IntrospectionServer {
  readonly issuer: string;
  readonly url: string;
  readonly asked: Asked[];
  /** Answers by token; others are not active. */
  readonly tokens: Map<string, Record<string, unknown>>;
  /** In place of all that. */
  answer: ((response: ServerResponse, asked: Asked) => void) | undefined;
  metadata: Record<string, unknown>;
  close(): Promise<void>;
}

export async function introspectionServer(): Promise<IntrospectionServer> {
  const http = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method, url = "", headers } = request;
      if (url.startsWith("/.well-known/")) {
        response.setHeader("content-type", "application/json");
        return response.end(JSON.stringify({ issuer: server.issuer, ...server.metadata }));
      }
      const one = { method, path: url, headers, form: new URLSearchParams(Buffer.concat(chunks).toString("utf8")) };
      server.asked.push(one);
      if (server.answer !== undefined) return server.answer(response, one);
      json(response, server.tokens.get(one.form.get("token") ?? "") ?? { active: false });
    });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const server: IntrospectionServer = {
    ...{ issuer, url: `${issuer}/introspect`, asked: [], tokens: new Map(), answer: undefined },
    metadata: { introspection_endpoint: `${issuer}/introspect` },
    close: () => {
      http.closeAllConnections();
      return new Promise((resolve) => http.close(() => resolve()));
    },
  };
  return server;
}

export function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}
