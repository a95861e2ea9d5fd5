/** Calls whose streams are left and come back to: what is still there, and what the client is told of the rest. */
import { expect } from "vitest";
import { TAG } from "../../faults/helpers/server.js";
import { type LegacySession, legacySession, type RawStream } from "../../support/raw-http.js";
import type { WireObject } from "../../support/wire-schema.js";
import type { Limited } from "./limited.js";

export interface Said {
  readonly count: number;
  readonly size?: number;
  /** Default: the call stays until it is released. */
  readonly hold?: 0 | 1;
}

let tags = 0;

/** A call on a session of its own that has said all it says before it ends. */
export class SayingCall {
  readonly session: LegacySession;
  readonly stream: RawStream;
  readonly #limited: Limited;
  readonly #tag: string;

  private constructor(limited: Limited, session: LegacySession, opened: { stream: RawStream; tag: string }) {
    this.#limited = limited;
    this.session = session;
    this.stream = opened.stream;
    this.#tag = opened.tag;
  }

  static async begin(limited: Limited, { count, size = 0, hold = 1 }: Said): Promise<SayingCall> {
    const session = await legacySession(limited.url);
    tags += 1;
    const tag = `saying ${tags}`;
    const params = { name: "say", arguments: { count, size, hold }, _meta: { progressToken: 1 } };
    const stream = await session.open(session.message("tools/call", params), { headers: { [TAG]: tag } });
    for (let step = 1; step <= count; step += 1) await stream.messages.expect();
    return new SayingCall(limited, session, { stream, tag });
  }

  /** Characters of one message, as the server counts them. */
  get charsEach(): number {
    return this.stream.events.all[0]?.data.length ?? 0;
  }

  /** Goes away, and waits until the server knows. */
  async leave(): Promise<this> {
    this.stream.close();
    await this.#limited.gone(this.#tag);
    return this;
  }

  /** Comes back for what followed the event of this number. */
  async resume(after = 0): Promise<RawStream> {
    const first = this.stream.events.all[0]?.id ?? "";
    return await this.session.listen(first.replace(/_\d+$/, `_${after}`));
  }

  /** Comes back and reads as many messages. */
  async replay(messages: number, after = 0): Promise<WireObject[]> {
    const stream = await this.resume(after);
    expect(stream.status).toBe(200);
    for (let at = 0; at < messages; at += 1) await stream.messages.expect();
    stream.close();
    return stream.messages.all;
  }
}

/** What a client is told of messages: their progress, or how many are gone, or the answer. */
export function outline(messages: readonly WireObject[]): readonly unknown[] {
  return messages.map(({ method, params, result }) => {
    const { progress, data } = (params ?? {}) as { readonly progress?: number; readonly data?: { missed: number } };
    if (method === "notifications/message") return { missed: data?.missed };
    return method === undefined ? JSON.stringify(result) : progress;
  });
}
