/** A session of 2025-03-26, 2025-06-18 or 2025-11-25 over Streamable HTTP. */
import { answerTo, Client } from "./client.mjs";
import { exchange } from "./exchange.mjs";

/** Part of the broken streams that are resumed; for the others the client calls again. */
const RESUME_PART = 0.6;

export class SessionClient extends Client {
  #revision;
  #session;
  #nextId = 1;

  constructor(options) {
    super(options);
    this.#revision = options.revision;
  }

  async attempt(intent) {
    this.#session ??= await this.#open();
    const id = this.#nextId++;
    // Who resumes streams also wants to see progress; an unmodified client that only calls again asks for none.
    const meta = intent.key === undefined ? {} : { progressToken: id };
    const answer = await exchange(this.url, { headers: this.#headers(), body: this.toolCall(id, intent, meta) });
    if (answer.status !== 200) return this.#refused(answer, "POST");
    try {
      return await answerTo(id, answer);
    } catch (error) {
      if (intent.key === undefined || answer.lastEventId === "" || !this.random.chance(RESUME_PART)) throw error;
      return await this.#resume(id, answer.lastEventId);
    }
  }

  /** Comes back to the stream until it has the answer or the server does not know the stream. */
  async #resume(id, lastEventId) {
    let after = lastEventId;
    for (let round = 0; round < 50; round += 1) {
      await new Promise((resolve) => setTimeout(resolve, this.random.between(20, 80)));
      let answer;
      try {
        const headers = { ...this.#headers(), "last-event-id": after };
        answer = await exchange(this.url, { method: "GET", headers });
        if (answer.status !== 200) return await this.#refused(answer, "GET");
        const message = await answerTo(id, answer);
        if (message !== undefined) this.stats.resumed += 1;
        return message;
      } catch {
        after = answer?.lastEventId || after;
      }
    }
    return undefined;
  }

  async #refused(answer, method) {
    let text = "";
    for await (const { data } of answer.messages) text += JSON.stringify(data);
    this.refusal(`${method} ${answer.status} ${text}`);
    if (method === "POST" && answer.status === 404) {
      this.stats.sessionsLost += 1;
      this.#session = undefined;
    }
    return undefined;
  }

  async #open() {
    const answer = await exchange(this.url, { body: this.initialize(this.#revision) });
    const message = await answerTo("initialize", answer);
    if (message?.result === undefined) throw new Error(`initialize was answered with ${answer.status}`);
    const session = answer.headers["mcp-session-id"];
    const body = { jsonrpc: "2.0", method: "notifications/initialized" };
    await exchange(this.url, { headers: this.#headers(session), body });
    return session;
  }

  #headers(session = this.#session) {
    // The header came with 2025-06-18.
    const version = this.#revision >= "2025-06-18" ? { "mcp-protocol-version": this.#revision } : {};
    return { "mcp-session-id": session, ...version };
  }
}
