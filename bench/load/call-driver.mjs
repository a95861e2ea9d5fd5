/** Calls in closed loops: each connection sends its next call when the last one was answered and found right. */

import { HttpConnection } from "./http-connection.mjs";
import { headerOf } from "./http-parser.mjs";
import { FIRST_ID, httpRequest, initialize, initialized, LEGACY } from "./messages.mjs";
import { messagesOf, WrongAnswer } from "./verify.mjs";

export class CallDriver {
  #server;
  #plan;
  #lanes = [];
  #nextId = FIRST_ID;

  /** `plan`: { call: { message, headers }, check, session, json }. */
  constructor(server, plan) {
    this.#server = server;
    this.#plan = plan;
  }

  async open(connections) {
    const { port, peer } = this.#server;
    const { call, session, json } = this.#plan;
    for (let index = 0; index < connections; index++) {
      const connection = new HttpConnection(port);
      await connection.open();
      const own = session ? await openSession(connection, port, peer) : {};
      const headers = { ...call.headers, ...own };
      const accept = json ? peer.jsonAccept : undefined;
      this.#lanes.push({ connection, request: httpRequest({ port, headers, accept, message: call.message }) });
    }
  }

  /** Fresh connections where old ones may be about to close, and one call each that nobody counts. */
  async ready() {
    for (const lane of this.#lanes) await lane.connection.open();
    await this.run(this.#lanes.length);
  }

  async renew() {
    for (const lane of this.#lanes) await lane.connection.renew();
  }

  /** Makes `calls` calls (or a few more); resolves with their number. */
  run(calls) {
    let done = 0;
    let started = 0;
    let busy = this.#lanes.length;
    return new Promise((resolve, reject) => {
      const next = (lane) => {
        if (started >= calls) {
          if (--busy === 0) resolve({ calls: done });
          return;
        }
        started++;
        const id = this.#nextId++;
        lane.connection.send(lane.request.patch(id), (status, text) => {
          if (status instanceof Error) return reject(status);
          try {
            this.#plan.check(status, text, id);
          } catch (error) {
            return reject(error);
          }
          done++;
          next(lane);
        });
      };
      for (const lane of this.#lanes) next(lane);
    });
  }

  /** The whole answer to one call. */
  async once() {
    const [lane] = this.#lanes;
    await lane.connection.open();
    const { text } = await lane.connection.exchange(lane.request.patch(this.#nextId++));
    return messagesOf(text).at(-1);
  }

  close() {
    for (const { connection } of this.#lanes) connection.close();
  }
}

/** Makes a session; resolves with the headers that every later request of it carries. */
export async function openSession(connection, port, peer) {
  const message = initialize(peer.revision ?? LEGACY);
  const { status, text, head } = await connection.exchange(httpRequest({ port, message }).patch(FIRST_ID - 1));
  const session = headerOf(head, "mcp-session-id");
  if (status !== 200 || session === undefined) {
    throw new WrongAnswer(`${peer.name}: initialize was answered with ${status}: ${text.slice(0, 400)}`);
  }
  const revision = messagesOf(text).at(-1).result.protocolVersion;
  const headers = { "mcp-session-id": session, "mcp-protocol-version": revision };
  const noted = await connection.exchange(httpRequest({ port, headers, message: initialized }).bytes);
  if (noted.status !== 202) throw new WrongAnswer(`${peer.name}: initialized was answered with ${noted.status}`);
  return headers;
}
