/** Raw requests: nothing is added, followed, decompressed, retried or put together that a proxy could have changed. */
import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP } from "node:net";
import { EventParser, type StreamEvent } from "./event-parser.js";
import type { Examination } from "./types.js";

/** What is read of one answer; documents and errors are far smaller. */
const MAX_ANSWER_BYTES = 8_388_608;

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Without the headers of the options, credentials above all. */
  readonly bare?: boolean;
}

/** The head of an answer. */
export interface Head {
  readonly status: number;
  /** By lower-case name; several of one name joined with `, `. */
  header(name: string): string | undefined;
  /** How often a header came. */
  times(name: string): number;
}

/** A whole answer. */
export interface Answer extends Head {
  readonly text: string;
  /** The JSON, or undefined for anything else. */
  readonly json: unknown;
}

/** Sends one request on a connection of its own and reads the whole answer. Throws when there is none in time. */
export async function ask(examination: Examination, url: string | URL, asked: Asked = {}): Promise<Answer> {
  const opened = send(examination, url, asked);
  const timer = setTimeout(
    () => opened.destroy(new Error(`no answer in ${examination.answerMs} ms`)),
    examination.answerMs,
  );
  try {
    const incoming = await opened.response;
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes > MAX_ANSWER_BYTES) throw new Error("the answer is too large");
    }
    const text = Buffer.concat(chunks).toString("utf8");
    return { ...headOf(incoming), text, json: parse(text, String(incoming.headers["content-type"] ?? "")) };
  } finally {
    clearTimeout(timer);
    opened.destroy();
  }
}

/** An event stream that is being read. */
export interface Watched {
  /** Undefined as long as no head has come. */
  head: Head | undefined;
  readonly events: StreamEvent[];
  comments: number;
  /** After how many milliseconds the first event came. */
  firstEventMs: number | undefined;
  lastByteMs: number | undefined;
  /** Milliseconds since the request was sent. */
  elapsedMs(): number;
  /** After how many milliseconds, and how, it ended. */
  ended: { readonly afterMs: number; readonly how: "end" | "broken" } | undefined;
  /** Resolves at the next change, or after so long. */
  change(withinMs: number): Promise<void>;
  close(): void;
}

/** Opens a stream and keeps reading it. */
export function watch(examination: Examination, url: string | URL, asked: Asked): Watched {
  const from = performance.now();
  const elapsed = () => performance.now() - from;
  const opened = send(examination, url, asked);
  const parser = new EventParser();
  const waiters = new Set<() => void>();
  const changed = () => {
    for (const waiter of waiters) waiter();
  };
  const watched: Watched = {
    head: undefined,
    events: parser.events,
    comments: 0,
    firstEventMs: undefined,
    lastByteMs: undefined,
    elapsedMs: elapsed,
    ended: undefined,
    change: (withinMs) =>
      new Promise((resolve) => {
        const done = () => {
          clearTimeout(timer);
          waiters.delete(done);
          resolve();
        };
        const timer = setTimeout(done, Math.max(0, withinMs));
        waiters.add(done);
      }),
    close: () => opened.destroy(),
  };
  const end = (how: "end" | "broken") => {
    watched.ended ??= { afterMs: elapsed(), how };
    changed();
  };
  opened.response.then(
    (incoming) => {
      watched.head = headOf(incoming);
      incoming.on("data", (chunk: Buffer) => {
        watched.lastByteMs = elapsed();
        parser.push(chunk);
        watched.comments = parser.comments;
        if (parser.events.length > 0) watched.firstEventMs ??= elapsed();
        changed();
      });
      incoming.on("end", () => end("end"));
      incoming.on("error", () => end("broken"));
      incoming.on("close", () => end("broken"));
      changed();
    },
    () => end("broken"),
  );
  return watched;
}

interface Opened {
  readonly response: Promise<IncomingMessage>;
  destroy(error?: Error): void;
}

function send({ headers: own, signal }: Examination, url: string | URL, asked: Asked): Opened {
  const target = new URL(url);
  const { method = "GET", body, bare = false } = asked;
  const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
  const headers = { "user-agent": "holdfast-doctor", ...(bare ? {} : own), ...asked.headers, ...length };
  const open = target.protocol === "https:" ? httpsRequest : httpRequest;
  // What is wrong with a certificate is the check `tls` to say; the rest is still worth finding out.
  // Of the URL and not of the Host header, which may be somebody else's; an address has none.
  const isName = isIP(target.hostname) === 0 && !target.hostname.startsWith("[");
  const servername = isName ? target.hostname : "";
  const options = { method, headers, signal, agent: false as const, rejectUnauthorized: false, servername };
  const outgoing: ClientRequest = open(target, options);
  let incoming: IncomingMessage | undefined;
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.on("error", reject);
    outgoing.on("response", (message) => {
      incoming = message;
      resolve(message);
    });
  });
  response.catch(() => undefined);
  outgoing.end(body);
  return {
    response,
    destroy: (error) => {
      incoming?.destroy(error);
      outgoing.destroy(error);
    },
  };
}

function headOf(incoming: IncomingMessage): Head {
  const raw = incoming.rawHeaders;
  const of = (name: string) =>
    raw.filter((_, index) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === name.toLowerCase());
  return {
    status: incoming.statusCode ?? 0,
    header: (name) => (of(name).length === 0 ? undefined : of(name).join(", ")),
    times: (name) => of(name).length,
  };
}

/** JSON, also as the one event of a stream: servers may answer in either form. */
function parse(text: string, type: string): unknown {
  try {
    if (type.startsWith("application/json")) return JSON.parse(text);
    if (!type.startsWith("text/event-stream")) return undefined;
    const parser = new EventParser();
    parser.push(Buffer.from(text));
    return parser.events
      .map(({ data }) => (data === "" ? undefined : JSON.parse(data)))
      .findLast((one) => one?.id !== undefined);
  } catch {
    return undefined;
  }
}
