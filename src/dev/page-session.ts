/** The page's own client: what it knows of the server, its calls, and the questions that wait for a person. */
import type { Client, ClientCapabilities } from "@modelcontextprotocol/client";
import { META } from "../protocol/headers.js";
import type { DevLog } from "./log.js";
import { Questions } from "./page-questions.js";
import type { CallKind, Json, Offer, PageEvent, Problem, RevisionChoice } from "./page-types.js";
import type { Upstream, UpstreamState } from "./upstream.js";

export interface PageConnection {
  readonly client: Client;
  readonly revision: string;
  readonly transport: string;
  close(): Promise<void>;
}

export interface Connecting {
  readonly revision: RevisionChoice;
  readonly capabilities: ClientCapabilities;
  readonly prepare: (client: Client) => void;
}

export interface PageSessionParts {
  readonly log: DevLog;
  readonly upstream: Upstream;
  readonly connect: (connecting: Connecting) => Promise<PageConnection>;
  readonly offerOf: (connection: PageConnection) => Promise<Offer>;
  readonly problemOf: (error: unknown) => Problem;
}

/** Somebody may think about a question for long; a call that is forgotten ends all the same. */
const CALL_TIMEOUT_MS = 30 * 60_000;
/** What people who try a server out want to see. */
const LOG_LEVEL = "debug";
const CAPABILITIES: ClientCapabilities = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} };
const MODERN = "2026-07-28";

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
    void this.#ask(connection, { call, kind, name, given, signal: stop.signal })
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

  #ask(
    { client, revision }: PageConnection,
    {
      call,
      kind,
      name,
      given,
      signal,
    }: { call: string; kind: CallKind; name: string; given: Json; signal: AbortSignal },
  ): Promise<unknown> {
    const options = {
      signal,
      timeout: CALL_TIMEOUT_MS,
      onprogress: (progress: { progress: number; total?: number | undefined; message?: string | undefined }) => {
        this.#tell({ type: "progress", call, ...progress } as PageEvent);
      },
    };
    const _meta = revision === MODERN ? { [META.logLevel]: LOG_LEVEL } : {};
    if (kind === "resource") return client.readResource({ uri: name, _meta }, options);
    if (kind === "prompt") {
      return client.getPrompt({ name, arguments: given as Record<string, string>, _meta }, options);
    }
    return client.callTool({ name, arguments: { ...given }, _meta }, options);
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
      if (connection.revision === MODERN) void this.#listen(connection);
    } catch (error) {
      if (attempt === this.#attempt) this.#learn({ type: "problem", problem: this.#parts.problemOf(error) });
    }
  }

  /** A server of this revision tells of changes only to those who ask. */
  async #listen({ client }: PageConnection): Promise<void> {
    const has = client.getServerCapabilities() ?? {};
    const filter = {
      ...(has.tools?.listChanged === true && { toolsListChanged: true }),
      ...(has.resources?.listChanged === true && { resourcesListChanged: true }),
      ...(has.prompts?.listChanged === true && { promptsListChanged: true }),
    };
    // Without it the lists are as old as the last start; a restart brings new ones.
    if (Object.keys(filter).length > 0) await client.listen(filter).catch(() => undefined);
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
