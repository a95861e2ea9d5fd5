import type { IncomingMessage, ServerResponse } from "node:http";
import type { Definition } from "../server/definition.js";
import { serveFetch } from "./fetch-exchange.js";
import { createHttpTransport } from "./http-transport.js";
import { NodeExchange } from "./node-exchange.js";

/** The faces by which a server is mounted in somebody else's. */
export interface Mounted {
  node(request: IncomingMessage, response: ServerResponse): void;
  fetch(request: Request): Promise<Response>;
}

/** One transport behind both faces, so that sessions and streams are shared. */
export function mount(definition: Definition): Mounted {
  const transport = createHttpTransport(definition, { mcpPath: "/mcp", bindHost: undefined });
  return {
    node: (request, response) => transport.handle(new NodeExchange(request, response)),
    fetch: (request) => serveFetch(transport, request),
  };
}
