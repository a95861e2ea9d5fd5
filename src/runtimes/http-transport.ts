import type { Definition } from "../server/definition.js";
import { HttpTransport } from "../transports/http/handler.js";

/** Where HTTP+SSE lives beside the MCP endpoint; the paths every client of 2024-11-05 knows. */
const SSE_PATH = "/sse";
const MESSAGES_PATH = "/messages";

/** The HTTP transport of a definition, with the definition's own rules for hosts and origins. */
export function createHttpTransport(
  definition: Definition,
  place: { readonly mcpPath: string | undefined; readonly bindHost: string | undefined },
): HttpTransport {
  const { allowedHosts, allowedOrigins, publicUrl } = definition.options;
  const paths = { ssePath: SSE_PATH, messagesPath: MESSAGES_PATH };
  return new HttpTransport(definition, { ...place, ...paths, allowedHosts, allowedOrigins, publicUrl });
}
