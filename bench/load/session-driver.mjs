/** Whole sessions in closed loops: initialize, initialized, one call, DELETE. */
import { openSession } from "./call-driver.mjs";
import { HttpConnection } from "./http-connection.mjs";
import { call, FIRST_ID, httpRequest } from "./messages.mjs";
import { WrongAnswer } from "./verify.mjs";

export class SessionDriver {
  #server;
  #check;
  #lanes = [];
  #nextId = FIRST_ID;

  constructor(server, { check }) {
    this.#server = server;
    this.#check = check;
  }

  async open(connections) {
    for (let index = 0; index < connections; index++) this.#lanes.push(new HttpConnection(this.#server.port));
    await this.#connect();
  }

  async ready() {
    await this.#connect();
  }

  async renew() {
    for (const connection of this.#lanes) await connection.renew();
  }

  async run(calls) {
    let done = 0;
    let started = 0;
    const loop = async (connection) => {
      while (started < calls) {
        started++;
        await this.#session(connection, this.#nextId++);
        done++;
      }
    };
    await Promise.all(this.#lanes.map(loop));
    return { calls: done };
  }

  close() {
    for (const connection of this.#lanes) connection.close();
  }

  async #connect() {
    for (const connection of this.#lanes) await connection.open();
  }

  async #session(connection, id) {
    const { port, peer } = this.#server;
    const own = await openSession(connection, port, peer);
    const { message } = call("echo", { text: `hello ${id}` });
    const accept = peer.jsonAccept;
    const request = httpRequest({ port, headers: own, accept, message: { ...message, id } });
    const { status, text } = await connection.exchange(request.bytes);
    this.#check(status, text, id);
    const ended = await connection.exchange(httpRequest({ method: "DELETE", port, headers: own }).bytes);
    if (ended.status >= 300) throw new WrongAnswer(`${peer.name}: DELETE was answered with ${ended.status}`);
  }
}
