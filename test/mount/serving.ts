/** Listens on a free port of loopback, and closes whatever is still open. */
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Mount } from "./suite.js";

export async function listen(listener: RequestListener, prefix = ""): Promise<Mount> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return mountOf(server, prefix);
}

/** A server that listens already. */
export function mountOf(server: Server, prefix = ""): Mount {
  const { port } = server.address() as AddressInfo;
  return { base: `http://127.0.0.1:${port}${prefix}`, close: () => shut(server) };
}

async function shut(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

/** A port that nobody listens on, for programs that cannot say which one they took. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await shut(server);
  return port;
}
