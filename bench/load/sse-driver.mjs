/** HTTP+SSE round trips: a post that is accepted, and its answer on the client's stream. */
import { HttpConnection } from "./http-connection.mjs";
import { FIRST_ID, httpRequest, initialize, initialized } from "./messages.mjs";
import { dataOf, WrongAnswer } from "./verify.mjs";

export class SseDriver {
  #server;
  #plan;
  #lanes = [];
  #nextId = FIRST_ID;

  constructor(server, plan) {
    this.#server = server;
    this.#plan = plan;
  }

  async open(connections) {
    for (let index = 0; index < connections; index++) {
      const lane = new Lane(this.#server);
      await lane.open(this.#plan.call.message);
      this.#lanes.push(lane);
    }
  }

  async ready() {
    for (const lane of this.#lanes) await lane.posts.open();
    await this.run(this.#lanes.length);
  }

  async renew() {
    for (const lane of this.#lanes) await lane.posts.renew();
  }

  async run(calls) {
    let started = 0;
    let done = 0;
    const loop = async (lane) => {
      while (started < calls) {
        started++;
        const id = this.#nextId++;
        this.#plan.check(200, await lane.round(lane.request.patch(id)), id);
        done++;
      }
    };
    await Promise.all(this.#lanes.map(loop));
    return { calls: done };
  }

  close() {
    for (const lane of this.#lanes) lane.close();
  }
}

class Lane {
  #server;
  #stream;
  #path;
  #text = "";
  #waiting;

  constructor(server) {
    this.#server = server;
    this.#stream = new HttpConnection(server.port);
    this.posts = new HttpConnection(server.port);
  }

  async open(message) {
    const { port } = this.#server;
    await this.#stream.open();
    await this.posts.open();
    const named = this.#next();
    const { status } = await this.#stream.stream(httpRequest({ method: "GET", path: "/sse", port }).bytes, (text) =>
      this.#take(text),
    );
    if (status !== 200) throw new WrongAnswer(`${this.#server.peer.name}: GET /sse was answered with ${status}`);
    const [endpoint] = dataOf(await named);
    this.#path = endpoint;
    await this.round(this.#post(initialize("2024-11-05")).patch(FIRST_ID - 1));
    const noted = await this.posts.exchange(this.#post(initialized).bytes);
    if (noted.status !== 202) throw new WrongAnswer(`initialized was answered with ${noted.status}`);
    this.request = this.#post(message);
  }

  /** Both halves: the post is accepted, and an event arrives. */
  async round(bytes) {
    const event = this.#next();
    const { status, text } = await this.posts.exchange(bytes);
    if (status !== 202) throw new WrongAnswer(`${this.#server.peer.name}: a post was answered with ${status}: ${text}`);
    return await event;
  }

  close() {
    this.#stream.close();
    this.posts.close();
  }

  #post(message) {
    return httpRequest({ path: this.#path, port: this.#server.port, message });
  }

  #next() {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  /** Collects events; comments, a retry time and the server's own notifications are passed over. */
  #take(text) {
    if (text === undefined) return this.#waiting?.reject(new WrongAnswer("the stream ended"));
    this.#text += text;
    for (let end = this.#text.indexOf("\n\n"); end >= 0; end = this.#text.indexOf("\n\n")) {
      const event = this.#text.slice(0, end);
      this.#text = this.#text.slice(end + 2);
      if (/^data: *\S/m.test(event) && !event.includes('"method":')) this.#waiting?.resolve(event);
    }
  }
}
