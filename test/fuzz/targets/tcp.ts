/**
 * Raw bytes over TCP to a real server: whatever comes, the server lives, and the next client is served. The request
 * line and the headers are Node's to parse; this is about what the two of them do together.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { mount } from "../../../src/runtimes/mount.js";
import { fuzzedServer, loadEvaluator } from "../kit/definition.js";
import type { Dice } from "../kit/dice.js";
import { type Asking, asking } from "../kit/requests.js";
import { must, type Target } from "../kit/target.js";
import { mutateBytes } from "../kit/text.js";
import { mintSessions } from "../kit/visit.js";

interface Connection {
  readonly bytes: Buffer;
  /** How the client ends: it says so, or its socket is gone. */
  readonly ends: "fin" | "reset";
}

const LIMITS = { resumeWindowMs: 1, sessionIdleMs: 1, clientRequestTimeoutMs: 20, maxBodyBytes: 65_536 };
/** A reply that does not come within this time, which is far above any load here, does not come at all. */
const PATIENCE_MS = 20_000;
const LINES = [
  "Transfer-Encoding: chunked",
  "Content-Length: 5",
  "Expect: 100-continue",
  "Upgrade: websocket",
  "Connection: upgrade",
];
const GOOD = "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";

const server = fuzzedServer(LIMITS);
const sessions = mintSessions(server.definition);
const mounted = mount(server.definition);
const http = createServer((request, response) => mounted.node(request, response));

export const tcp: Target<Connection> = {
  name: "tcp",
  weight: 4,
  generate: (dice: Dice): Connection => {
    const requests = [bytesOf(dice), ...dice.several(3, () => bytesOf(dice))];
    const whole = Buffer.concat(requests);
    return { bytes: dice.flip(4) ? whole : mutateBytes(dice, whole), ends: dice.flip(6) ? "reset" : "fin" };
  },
  open: async () => {
    await loadEvaluator();
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    // Nothing of this may keep the process: it lives as long as there are inputs.
    http.unref();
  },
  close: async () => {
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  },
  run: async ({ bytes, ends }) => {
    const socket = await connected();
    socket.resume();
    if (ends === "fin") socket.end(bytes);
    else socket.write(bytes, () => socket.resetAndDestroy());
    // Twice: the first may overtake what the server has to do for the bytes before it.
    await served();
    await served();
    // A stream that was opened has no end; a client that says no more may still listen.
    socket.destroy();
    server.assertQuiet();
  },
};

async function connected(): Promise<Socket> {
  const { port } = http.address() as AddressInfo;
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("error", () => {});
  await soon(socket, "connect");
  return socket;
}

/** A client that does everything right. */
async function served(): Promise<void> {
  const socket = await connected();
  let reply = "";
  socket.on("data", (chunk) => {
    reply += chunk.toString("latin1");
  });
  socket.end(GOOD);
  await soon(socket, "close");
  must(reply.startsWith("HTTP/1.1 200 "), () => `the next client got ${JSON.stringify(reply)}`);
}

async function soon(socket: Socket, event: string): Promise<void> {
  const timer = setTimeout(() => socket.destroy(new Error(`no ${event} for ${PATIENCE_MS} ms`)), PATIENCE_MS);
  try {
    await once(socket, event);
  } finally {
    clearTimeout(timer);
  }
}

/** A request as bytes, with headers that only a real server looks at. */
function bytesOf(dice: Dice): Buffer {
  const { method, path, query, headers, body }: Asking = asking(dice, sessions);
  const text = body.ok ? (body.text ?? JSON.stringify(body.value) ?? "") : "";
  const length = dice.flip(10) ? dice.below(100) : Buffer.byteLength(text);
  const lines = [
    `${method} ${path}${query === "" ? "" : `?${query}`} HTTP/1.${dice.flip(10) ? 0 : 1}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(dice.flip(8) ? [dice.pick(LINES)] : [`content-length: ${length}`]),
    ...(dice.flip(4) ? ["connection: close"] : []),
  ];
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${text}`, "latin1");
}
