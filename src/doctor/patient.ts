/** What is known of a server so far; checks find out what they need once, and others use it. */
import { HEADER } from "../protocol/headers.js";
import { isObject, own, ownObject } from "../util/json.js";
import { INITIALIZED, initialize, modern, post, sessionHeaders } from "./messages.js";
import type { Examination } from "./types.js";
import { type Answer, type Asked, ask, type Watched, watch } from "./wire.js";

/** A session of the legacy era. */
export interface OpenSession {
  /** Undefined when the server keeps none. */
  readonly id: string | undefined;
  readonly version: string;
  readonly answer: Answer;
}

export class Patient {
  readonly examination: Examination;
  #initialized: Promise<Answer> | undefined;
  #discovered: Promise<Answer> | undefined;
  #session: Promise<OpenSession | undefined> | undefined;

  constructor(examination: Examination) {
    this.examination = examination;
  }

  get url(): URL {
    return this.examination.url;
  }

  ask(url: string | URL, asked: Asked = {}): Promise<Answer> {
    return ask(this.examination, url, asked);
  }

  watch(url: string | URL, asked: Asked): Watched {
    return watch(this.examination, url, asked);
  }

  /** The answer to `initialize` of the newest revision that has it. */
  initialized(): Promise<Answer> {
    this.#initialized ??= this.ask(this.url, post(initialize()));
    return this.#initialized;
  }

  /** The answer to `server/discover` of 2026-07-28. */
  discovered(): Promise<Answer> {
    this.#discovered ??= this.ask(this.url, modern("server/discover"));
    return this.#discovered;
  }

  /** A session of the legacy era; undefined where the server has no such clients, or wants credentials. */
  session(): Promise<OpenSession | undefined> {
    this.#session ??= this.#open();
    return this.#session;
  }

  /** True where 2026-07-28 is served. */
  async isModern(): Promise<boolean> {
    const { status, json } = await this.discovered();
    return status === 200 && isObject(json) && ownObject(json, "result") !== undefined;
  }

  async end(): Promise<void> {
    const session = await this.#session?.catch(() => undefined);
    if (session?.id === undefined) return;
    await this.ask(this.url, { method: "DELETE", headers: sessionHeaders(session.id) }).catch(() => undefined);
  }

  async #open(): Promise<OpenSession | undefined> {
    const answer = await this.initialized();
    const result = isObject(answer.json) ? ownObject(answer.json, "result") : undefined;
    if (result === undefined) return undefined;
    // Twice in one answer is the check `headers` to tell; either copy names the session.
    const id = answer.header(HEADER.sessionId)?.split(", ")[0];
    await this.ask(this.url, post(INITIALIZED, sessionHeaders(id)));
    return { id, version: String(own(result, "protocolVersion")), answer };
  }
}
