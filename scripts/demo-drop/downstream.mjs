/**
 * What the tools have their effects on. It lives in the demonstration's own process and is never killed, so it knows what
 * really happened: which effects there are, and for which intended call.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

export class Downstream {
  url;
  #server;
  #dir;
  /** Payments by idempotency key. */
  #payments = new Map();
  #numbers = 0;
  /** Names of effects by intended call. */
  #effects = new Map();
  /** Calls that chose anew after they had placed an order: a journaled step was repeated. */
  chosenAgain = new Set();

  static async start(dir) {
    const downstream = new Downstream();
    downstream.#dir = dir;
    downstream.#server = createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (text) => {
        body += text;
      });
      request.on("end", () => {
        const { call } = JSON.parse(body);
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify(downstream.#do(request, call)));
      });
    });
    await new Promise((resolve) => downstream.#server.listen(0, "127.0.0.1", resolve));
    downstream.url = `http://127.0.0.1:${downstream.#server.address().port}`;
    return downstream;
  }

  #do(request, call) {
    if (request.url === "/numbers") {
      if (this.#effects.has(call)) this.chosenAgain.add(call);
      this.#numbers += 1;
      return { number: `order-${this.#numbers}` };
    }
    if (request.url === "/payments") {
      const key = request.headers["idempotency-key"];
      const known = this.#payments.get(key);
      if (known !== undefined) return { payment: known };
      const payment = `payment-${this.#payments.size + 1}`;
      this.#payments.set(key, payment);
      this.#add(call, payment);
      return { payment };
    }
    // PUT: however often it is said, the order is there once.
    this.#add(call, request.url.slice("/orders/".length));
    return {};
  }

  #add(call, effect) {
    const known = this.#effects.get(call) ?? new Set();
    this.#effects.set(call, known.add(effect));
  }

  /** Names of effects by intended call, those in the file included. */
  effects() {
    const all = new Map([...this.#effects].map(([call, names]) => [call, [...names]]));
    for (const line of readLines(join(this.#dir, "effects"))) {
      const [call, run] = line.split(" ");
      all.set(call, [...(all.get(call) ?? []), run]);
    }
    return all;
  }

  close() {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

function readLines(path) {
  try {
    return readFileSync(path, "utf8").split("\n").filter(Boolean);
  } catch (error) {
    if (error.code === "ENOENT") return [];
    throw error;
  }
}
