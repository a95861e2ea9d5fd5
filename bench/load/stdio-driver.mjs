/** Calls over pipes, 64 in one write; the next 64 when all were answered. */
import { call, FIRST_ID, initialize, initialized, LEGACY, template } from "./messages.mjs";
import { WrongAnswer } from "./verify.mjs";

const PIPELINED = 64;
/** The id and the text of a call. */
const MARKS_PER_CALL = 2;

export class StdioDriver {
  #server;
  #batch = template("");
  #rest = "";
  #onLine = () => {};
  #fail = () => {};
  #nextId = FIRST_ID;

  constructor(server) {
    this.#server = server;
    const { message } = call("echo", { text: "hello 9999999" });
    this.#batch = template(`${JSON.stringify(message)}\n`.repeat(PIPELINED), MARKS_PER_CALL);
  }

  async open() {
    const { stdout, stdin } = this.#server.child;
    stdout.setEncoding("latin1");
    stdout.on("data", (text) => this.#take(text));
    stdout.on("end", () => this.#fail(new Error(`${this.#server.peer.name} closed its stdout`)));
    stdin.on("error", (error) => this.#fail(error));
    await new Promise((resolve, reject) => {
      this.#fail = reject;
      this.#onLine = (line) => (JSON.parse(line).result === undefined ? reject(new WrongAnswer(line)) : resolve());
      stdin.write(`${JSON.stringify(initialize(LEGACY))}\n${JSON.stringify(initialized)}\n`);
    });
  }

  async ready() {
    await this.run(PIPELINED);
  }

  /** Pipes are not renewed. */
  async renew() {}

  async run(calls) {
    let done = 0;
    do {
      await this.#round();
      done += PIPELINED;
    } while (done < calls);
    return { calls: done };
  }

  close() {}

  #round() {
    const first = this.#nextId;
    this.#nextId += PIPELINED;
    const open = new Set();
    for (let id = first; id < this.#nextId; id++) open.add(id);
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      this.#onLine = (line) => {
        const id = Number(/"id":(\d+)/.exec(line)?.[1]);
        const right = open.delete(id) && line.includes(`"text":"hello ${id}"`) && line.includes('"result":{');
        if (!right) reject(new WrongAnswer(`${this.#server.peer.name}: a wrong line: ${line.slice(0, 400)}`));
        else if (open.size === 0) resolve();
      };
      this.#server.child.stdin.write(this.#batch.patch(first));
    });
  }

  #take(text) {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop();
    for (const line of lines) if (line !== "") this.#onLine(line);
  }
}
