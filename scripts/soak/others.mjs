/** Clients that go on calling while something else goes wrong, and count whether each call was answered, and how late. */
import { setTimeout as sleep } from "node:timers/promises";
import { openSession } from "../../bench/load/call-driver.mjs";
import { HttpConnection } from "../../bench/load/http-connection.mjs";
import { toolCall } from "./requests.mjs";

/** Of each era. */
const CLIENTS = 4;
/** Connections that they have at any time. */
export const OTHERS = 2 * CLIENTS;
/** Between two calls of one client: they are to notice what happens, not to cause it. */
const PAUSE_MS = 2;

export class Others {
  made = 0;
  answered = 0;
  slowestMs = 0;
  #stopped = false;
  #loops;

  static async start(port) {
    const clients = [];
    for (const modern of [false, true]) {
      for (let index = 0; index < CLIENTS; index += 1) {
        const connection = new HttpConnection(port);
        await connection.open();
        const headers = modern ? {} : await openSession(connection, port, { name: "soak" });
        clients.push({ connection, headers, modern });
      }
    }
    return new Others(port, clients);
  }

  constructor(port, clients) {
    this.#loops = clients.map((client) => this.#loop(port, client));
  }

  /** Resolves when every call that was made is answered or has failed. */
  async stop() {
    this.#stopped = true;
    await Promise.all(this.#loops);
  }

  async #loop(port, { connection, headers, modern }) {
    while (!this.#stopped) {
      const text = `call ${this.made}`;
      this.made += 1;
      await connection.open();
      const start = performance.now();
      const { status, text: answer } = await connection.exchange(
        toolCall(port, { tool: "echo", args: { text }, headers, modern }),
      );
      this.slowestMs = Math.max(this.slowestMs, performance.now() - start);
      if (status === 200 && answer.includes(`"text":"${text}"`)) this.answered += 1;
      await sleep(PAUSE_MS);
    }
    connection.close();
  }
}
