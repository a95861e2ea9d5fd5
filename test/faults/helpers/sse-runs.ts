/** One HTTP+SSE session from its first byte to a last ping, its connections cut where the test says. */
import { expect } from "vitest";
import { open, post } from "../../support/raw-http.js";
import { type WireObject, WireRecorder } from "../../support/wire-schema.js";
import { kept } from "./quick-session.js";
import { assertConsecutive, ResumingReader } from "./resuming-reader.js";
import { type Served, TAG } from "./server.js";
import { blockEnds, expectedMessages, type Shape, STEPS, type Stories, stepsFor, type Timing } from "./story.js";

export type { Shape } from "./story.js";

export interface SseRun {
  readonly name: string;
  readonly cuts: readonly number[];
  readonly timing: Timing;
}

export class SseRuns {
  readonly #served: Served;
  readonly #stories: Stories;
  #shape: Shape = { ends: [], firstSeq: 0, firstStep: 2 };

  constructor(served: Served, stories: Stories) {
    this.#served = served;
    this.#stories = stories;
  }

  /** Where the blocks of an uncut session end; the same for every run because all ids have the same length. */
  async measure(): Promise<Shape> {
    const { raw } = await this.run({ name: "measure", cuts: [], timing: "burst" });
    // Before the story come the endpoint event, number 0, and the answer to `initialize`.
    this.#shape = { ...this.#shape, ends: blockEnds(raw) };
    return this.#shape;
  }

  /** Throws unless every message of the session came once and in order, always on the same message URL. */
  async run({ name, cuts, timing }: SseRun): Promise<{ connections: number; raw: Buffer }> {
    const story = this.#stories.get(name);
    const recorder = new WireRecorder("2024-11-05");
    const exchange = recorder.exchange({ label: name });
    let calling = false;
    const reader = new ResumingReader({
      open: async ({ number, lastEventId, cut }) => {
        const headers = { [TAG]: `${name} ${number}`, "last-event-id": lastEventId };
        const stream = await open(this.#served.sseUrl, { headers, exchange, ...cut });
        if (calling && timing === "live") await story.advance(stepsFor(this.#shape, lastEventId, cuts[number]));
        return stream;
      },
      cuts,
      onCut: async ({ number, lastEventId }) => {
        if (timing !== "gap") return;
        await this.#served.gone(`${name} ${number}`);
        if (calling) await story.advance(stepsFor(this.#shape, lastEventId, cuts[number + 1]));
      },
    });
    const send = async (message: WireObject) => {
      const endpoint = new URL(reader.endpoints.all.at(-1) ?? "", this.#served.base);
      const accepted = await post(endpoint, message, { exchange, agent: kept });
      expect(accepted.status).toBe(202);
    };
    await reader.endpoints.expect();
    await send(INITIALIZE);
    const initialized = await reader.messages.expect(({ id }) => id === "initialize");
    await send({ jsonrpc: "2.0", method: "notifications/initialized" });
    await send({ jsonrpc: "2.0", id: 1, method: "tools/call", params: this.#stories.params(name) });
    await story.begun;
    calling = true;
    const here = reader.streams.length - 1;
    const since = here === 0 ? undefined : reader.lastEventId;
    await story.advance(timing === "burst" ? STEPS + 1 : stepsFor(this.#shape, since, cuts[here]));
    await reader.messages.expect(({ id }) => id === 1);
    // Answered after everything else: what came twice would have come by now.
    await send({ jsonrpc: "2.0", id: "last", method: "ping" });
    await reader.messages.expect(({ id }) => id === "last");
    const { raw } = reader.streams[0] ?? { raw: Buffer.alloc(0) };
    await reader.close();
    expect(reader.messages.all).toEqual([
      initialized,
      ...expectedMessages(1, 7),
      { jsonrpc: "2.0", id: "last", result: {} },
    ]);
    expect(new Set(reader.endpoints.all).size).toBe(1);
    assertConsecutive(reader.ids);
    return { connections: reader.streams.length, raw };
  }
}

const INITIALIZE: WireObject = {
  jsonrpc: "2.0",
  id: "initialize",
  method: "initialize",
  params: { protocolVersion: "2024-11-05", capabilities: {}, clientInfo: { name: "sse-runs", version: "1.0.0" } },
};
