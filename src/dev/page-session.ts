/** The page's own client: what it knows of the server, its calls, and the questions that wait for a person. */
import type { Client, ClientCapabilities } from "@modelcontextprotocol/client";
import type { DevLog } from "./log.js";
import { ask, type Connecting, LOG_LEVEL, listenForChanges, MODERN, type PageConnection } from "./page-connection.js";
import { Questions } from "./page-questions.js";
import type { CallKind, Json, Offer, PageEvent, Problem, RevisionChoice } from "./page-types.js";
import type { Upstream, UpstreamState } from "./upstream.js";

export interface PageSessionParts {
  readonly log: DevLog;
  readonly upstream: Upstream;
  readonly connect: (connecting: Connecting) => Promise<PageConnection>;
  readonly offerOf: (connection: PageConnection) => Promise<Offer>;
  readonly problemOf: (error: unknown) => Problem;
}

const CAPABILITIES: ClientCapabilities = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} };

export class PageSession {
  readonly #parts: PageSessionParts;
  readonly #listeners = new Set<(event: PageEvent) => void>();
  readonly #calls = new Map<string, AbortController>();
  readonly #questions = new Questions((event) => this.#tell(event));
  #connection: PageConnection | undefined;
  #known: Extract<PageEvent, { type: "connected" | "problem" }> | undefined;
  #choice: RevisionChoice = "auto";
  /** Of several attempts to connect the last one counts. */
  #attempt = 0;

  constructor(parts: PageSessionParts) {
    this.#parts = parts;
    parts.log.onEvent(({ exchange }) => this.#tell({ type: "exchange", exchange }));
    parts.upstream.onChange((state) => this.#changed(state));
  }

  /** Tells what there is, then what happens. Returns what ends it. */
  watch(listener: (event: PageEvent) => void): () => void {
    listener({ type: "state", state: shown(this.#parts.upstream.state) });
    listener({ type: "choice", choice: this.#choice });
    if (this.#known !== undefined) listener(this.#known);
    for (const exchange of this.#parts.log.exchanges) listener({ type: "exchange", exchange });
    for (const question of this.#questions.open) listener({ type: "question", question });
    this.#listeners.add(listener);
    // Nobody looked until now, and so nobody connected.
    if (this.#known === undefined && this.#parts.upstream.state.phase === "ready") void this.#connect();
    return () => this.#listeners.delete(listener);
  }

  async choose(choice: RevisionChoice): Promise<void> {
    this.#choice = choice;
    this.#tell({ type: "choice", choice });
    await this.#connect();
  }

  /** Begins a call; what comes of it is told. */
  call(call: string, kind: CallKind, name: string, given: Json): void {
    const connection = this.#connection;
    if (connection === undefined) {
      return this.#tell({ type: "result", call, problem: { message: "There is no connection to the server." } });
    }
    const stop = new AbortController();
    this.#calls.set(call, stop);
    const onProgress = (progress: object) => this.#tell({ type: "progress", call, ...progress } as PageEvent);
    void ask(connection, { kind, name, given, signal: stop.signal, onProgress })
      .then((result) => this.#tell({ type: "result", call, result: result as Json }))
      .catch((error: unknown) => {
        const problem = stop.signal.aborted ? { message: "Cancelled." } : this.#parts.problemOf(error);
        this.#tell({ type: "result", call, problem });
      })
      .finally(() => this.#calls.delete(call));
  }

  cancel(call: string): void {
    this.#calls.get(call)?.abort();
  }

  answer(id: number, result: Json | undefined, refusal: string | undefined): void {
    this.#questions.answer(id, result, refusal);
  }

  async close(): Promise<void> {
    this.#attempt += 1;
    this.#listeners.clear();
    for (const stop of this.#calls.values()) stop.abort();
    await this.#leave();
  }

  #changed(state: UpstreamState): void {
    this.#tell({ type: "state", state: shown(state) });
    if (state.phase === "ready" && (this.#listeners.size > 0 || this.#known !== undefined)) void this.#connect();
  }

  async #connect(): Promise<void> {
    this.#attempt += 1;
    const attempt = this.#attempt;
    await this.#leave();
    try {
      const connection = await this.#parts.connect({
        revision: this.#choice,
        capabilities: CAPABILITIES,
        prepare: (client) => this.#prepare(client),
      });
      if (attempt !== this.#attempt) return await connection.close();
      this.#connection = connection;
      await this.#refresh(connection);
      if (connection.client.getServerCapabilities()?.logging !== undefined && connection.revision !== MODERN) {
        await connection.client.setLoggingLevel(LOG_LEVEL);
      }
      if (connection.revision === MODERN) void listenForChanges(connection.client);
    } catch (error) {
      if (attempt === this.#attempt) this.#learn({ type: "problem", problem: this.#parts.problemOf(error) });
    }
  }

  async #refresh(connection: PageConnection): Promise<void> {
    const offer = await this.#parts.offerOf(connection);
    if (connection !== this.#connection) return;
    const { client, revision, transport } = connection;
    const { name = "server", version = "" } = client.getServerVersion() ?? {};
    const connected = { revision, transport, name, version, instructions: client.getInstructions() };
    this.#learn({ type: "connected", connected, offer });
  }

  #prepare(client: Client): void {
    this.#questions.answerFor(client);
    client.setNotificationHandler("notifications/message", ({ params: { level, data } }) => {
      // Messages do not say which call they are of: of several, the last one began them most likely.
      const call = [...this.#calls.keys()].at(-1);
      if (call !== undefined) this.#tell({ type: "message", call, level, data });
    });
    const refresh = () => {
      if (this.#connection?.client === client) void this.#refresh(this.#connection).catch(() => undefined);
    };
    client.setNotificationHandler("notifications/tools/list_changed", refresh);
    client.setNotificationHandler("notifications/resources/list_changed", refresh);
    client.setNotificationHandler("notifications/prompts/list_changed", refresh);
  }

  async #leave(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#questions.refuseAll("The connection was closed.");
    await connection?.close().catch(() => undefined);
  }

  #learn(event: Extract<PageEvent, { type: "connected" | "problem" }>): void {
    this.#known = event;
    this.#tell(event);
  }

  #tell(event: PageEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

function shown(state: UpstreamState): Extract<PageEvent, { type: "state" }>["state"] {
  return state.phase === "failed" ? state : { phase: state.phase };
}
