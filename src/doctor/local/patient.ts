/** The server that is examined: starts it, as often as the checks need it, and remembers what it printed. */
import { randomUUID } from "node:crypto";
import { LATEST_LEGACY, type ProtocolVersion } from "../../protocol/revisions/index.js";
import { Conversation, type Era } from "./conversation.js";
import type { OutputFault } from "./faults/output.js";
import { BEFORE, BETWEEN } from "./output-reader.js";
import { familyOf, kill, type ProcessFacts } from "./processes.js";
import { ServerProcess, type Starting } from "./server-process.js";
import type { LocalExamination } from "./types.js";

const MARKER = "HOLDFAST_DOCTOR";

export interface Started {
  readonly server: ServerProcess;
  /** Finds what it starts, also when its parent is gone. */
  readonly marker: string;
}

export interface Noted {
  readonly seen: string;
  readonly times: number;
}

export class LocalPatient {
  readonly examination: LocalExamination;
  readonly printed: Map<OutputFault, Noted> = new Map();
  /** What clients speak with it: found out by the check `start`. */
  era: Era = "legacy";
  version: ProtocolVersion = LATEST_LEGACY.version;
  /** It has been seen not to end by itself when stdin is closed: time is not spent on that again. */
  ignoresEof = false;
  /** What does nothing and is answered; not every server answers `ping`. */
  pokeWith = "ping";
  readonly #running = new Set<Started>();

  constructor(examination: LocalExamination) {
    this.examination = examination;
  }

  start(changes: Partial<Starting> = {}): Started {
    this.examination.signal?.throwIfAborted();
    const { program, env, cwd } = this.examination;
    const id = randomUUID();
    const server = new ServerProcess({
      program,
      cwd,
      ...changes,
      env: { ...(changes.env ?? env), MCP_TRANSPORT: "stdio", [MARKER]: id },
    });
    const started = { server, marker: `${MARKER}=${id}` };
    this.#running.add(started);
    return started;
  }

  /** A server that has been greeted, or undefined when it does not answer. */
  async open(): Promise<Conversation | undefined> {
    const conversation = new Conversation(this.start(), this);
    if (await conversation.greet()) return conversation;
    await this.end(conversation.started);
    return undefined;
  }

  /** Everything that this start has led to and that still runs. */
  family({ server, marker }: Started): readonly ProcessFacts[] {
    return familyOf(server.pid, marker);
  }

  /** Ends it as clients do, keeps what it printed, and leaves nothing behind. */
  async end(started: Started): Promise<void> {
    const { server } = started;
    const { exitMs } = this.examination;
    server.closeStdin();
    if (!(await server.until(() => server.isOver, this.ignoresEof ? 0 : exitMs))) {
      this.ignoresEof = true;
      server.signal("SIGTERM");
      if (!(await server.until(() => server.isOver, exitMs))) {
        server.signal("SIGKILL");
        await server.until(() => server.isOver, exitMs);
      }
    }
    await this.clear(started);
  }

  /** Keeps what was printed and kills what is left. */
  async clear(started: Started): Promise<void> {
    const { server } = started;
    await server.letGo();
    server.signal("SIGKILL");
    for (const { pid } of this.family(started)) kill(pid);
    this.#running.delete(started);
    for (const { id, seen } of server.output.observations.splice(0)) this.note(id, seen);
  }

  note(id: OutputFault, seen: string): void {
    const noted = this.printed.get(id);
    // What a handler prints is first seen before the first answer; that it comes again says whose it is.
    const isTelling = noted?.seen.startsWith(BEFORE) === true && seen.startsWith(BETWEEN);
    this.printed.set(id, {
      seen: noted === undefined || isTelling ? seen : noted.seen,
      times: (noted?.times ?? 0) + 1,
    });
  }

  /** Whatever happens, no server is left running. */
  async dismiss(): Promise<void> {
    await Promise.all([...this.#running].map((one) => this.clear(one)));
  }
}
