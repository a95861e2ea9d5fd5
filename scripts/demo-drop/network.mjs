/**
 * The network between client and server: it cuts connections at random moments and at random bytes. The server sees what
 * it would see of any client that goes away.
 */
import { connect, createServer } from "node:net";

/** Part of the connections that are cut. */
const CUT_PART = 0.5;
/** A cut comes this long after the request at the latest, which is longer than most calls take. */
const CUT_MS = 120;
/** Or after so many bytes of the answer: heads, first events and whole answers are shorter. */
const CUT_BYTES = 900;
/**
 * In the gentle way a call may be cut this long after it was first made. It lasts longer, so the server knows of the cut
 * before it has an answer.
 */
const EARLY_CUT_MS = 100;

/**
 * `gentle`: for clients without a key. Then POSTs are cut only while their answer is not on its way: who has been sent an
 * answer and calls again without a key asks for a second effect, and nobody can tell otherwise. `posts` false: they are
 * not cut at all, because the answers come elsewhere.
 */
export class Network {
  cuts = 0;
  /** How often the server had sent the answer to a call when its connection was cut in the gentle way. */
  handedOver = new Map();
  /** Nothing is cut any more. */
  calm = false;
  #server;
  #options;
  #sockets = new Set();
  /** When calls were first made, in the gentle way. */
  #firstMade = new Map();

  static async start(options) {
    const proxy = new Network();
    proxy.#options = options;
    proxy.#server = createServer({ noDelay: true }, (client) => proxy.#join(client));
    await new Promise((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get base() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  close() {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #join(client) {
    const server = connect({ host: "127.0.0.1", port: this.#options.port(), noDelay: true });
    const line = {
      client,
      server,
      timer: undefined,
      left: Number.POSITIVE_INFINITY,
      answer: "",
      cut: false,
      until: Number.POSITIVE_INFINITY,
    };
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#sockets.delete(socket);
        clearTimeout(line.timer);
        client.destroy();
        if (!line.cut) server.destroy();
      });
    }
    client.once("data", (head) => this.#plan(line, head.toString("latin1")));
    client.on("data", (chunk) => server.write(chunk));
    client.on("end", () => server.end());
    server.on("data", (chunk) => this.#pass(line, chunk));
    server.on("end", () => client.end());
  }

  #plan(line, head) {
    const { random, gentle, posts = true } = this.#options;
    const isPost = head.startsWith("POST");
    if (this.calm || !random.chance(CUT_PART) || (isPost && !posts)) return;
    line.gentle = gentle && isPost;
    if (!line.gentle && random.chance(0.5)) {
      line.left = random.between(0, CUT_BYTES);
      return;
    }
    line.call = /"call":"([^"]+)"/.exec(head)?.[1] ?? "";
    line.until = line.gentle ? this.#firstMadeAt(line.call) + EARLY_CUT_MS : Number.POSITIVE_INFINITY;
    const ms = Math.min(CUT_MS, line.until - performance.now());
    if (ms > 0) line.timer = setTimeout(() => this.#cut(line), random.between(0, Math.floor(ms)));
  }

  #firstMadeAt(call) {
    const known = call === "" ? undefined : this.#firstMade.get(call);
    if (known !== undefined) return known;
    const now = performance.now();
    this.#firstMade.set(call, now);
    return now;
  }

  #pass(line, chunk) {
    if (line.gentle) line.answer += chunk.toString("latin1");
    if (line.cut) {
      // Any answer: also one that says that the outcome is unknown ends the operation.
      if (!line.answer.includes('"content"')) return;
      this.handedOver.set(line.call, (this.handedOver.get(line.call) ?? 0) + 1);
      line.answer = "";
      return;
    }
    const part = chunk.subarray(0, line.left);
    line.left -= part.length;
    if (line.left > 0) line.client.write(part);
    else line.client.write(part, () => this.#cut(line));
  }

  #cut(line) {
    if (line.cut || line.client.destroyed || performance.now() > line.until) return;
    if (line.gentle && line.answer.includes('"content"')) return;
    line.cut = true;
    this.cuts += 1;
    line.client.resetAndDestroy();
    // What the server sends until it has noticed is read, to know of it.
    if (line.gentle) line.server.end();
    else if (this.#options.random.chance(0.5)) line.server.resetAndDestroy();
    else line.server.destroy();
  }
}
