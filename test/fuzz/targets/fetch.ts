/** Web-standard requests through `mcp.fetch`: what HTTP clients send, in a `Request`, below any path. */
import { type Mounted, mount } from "../../../src/runtimes/mount.js";
import { fuzzedServer, loadEvaluator } from "../kit/definition.js";
import type { Dice } from "../kit/dice.js";
import { type Asking, asking } from "../kit/requests.js";
import { must, type Target } from "../kit/target.js";
import { mutateBytes, mutateText } from "../kit/text.js";
import { mintSessions } from "../kit/visit.js";

interface Fetched {
  readonly url: string;
  readonly asking: Asking;
  /** The body as bytes, and where its chunks end. */
  readonly body: Uint8Array | undefined;
  readonly cuts: readonly number[];
  /** The client aborts: before the call, during it, or not at all. */
  readonly aborts: "never" | "before" | "during";
}

const LIMITS = { resumeWindowMs: 1, sessionIdleMs: 1, clientRequestTimeoutMs: 20, maxBodyBytes: 65_536 };
const STATUSES = new Set([200, 202, 204, 400, 401, 403, 404, 405, 406, 409, 413, 415, 503]);
const HOSTS = [
  "http://127.0.0.1",
  "http://localhost:8000",
  "http://[::1]",
  "https://evil.test",
  "http://127.1",
  "http://a%20b",
];
const PREFIXES = ["", "", "", "/api", "/a/b", "//evil.test", "/.well-known", "/%2e%2e", "/é", "/;x=1"];
/** How much of a stream is read before the client has enough. */
const MOST_READ = 4096;

const server = fuzzedServer({ ...LIMITS, maxSessions: 1000 });
const sessions = mintSessions(server.definition);
const mounted = mount(server.definition);

export const fetch: Target<Fetched> = {
  name: "fetch",
  weight: 30,
  generate: (dice: Dice): Fetched => {
    const one = asking(dice, sessions);
    const url = dice.pick(HOSTS) + dice.pick(PREFIXES) + one.path + (one.query === "" ? "" : `?${one.query}`);
    const text = Buffer.from(one.body.ok ? (one.body.text ?? JSON.stringify(one.body.value) ?? "") : "");
    const body = dice.flip(8) ? mutateBytes(dice, text) : text;
    const cuts = dice.several(4, () => dice.below(body.length + 1)).sort((first, second) => first - second);
    return {
      url: dice.flip(8) ? mutateText(dice, url) : url,
      asking: one,
      body: dice.flip(12) ? undefined : body,
      cuts,
      aborts: dice.pick(["never", "never", "never", "never", "before", "during"]),
    };
  },
  open: loadEvaluator,
  run: async (input) => {
    const request = requestOf(input);
    if (request === undefined) return;
    await converse(mounted, request, input.aborts);
    server.assertQuiet();
  },
};

/** Undefined where the platform itself refuses to make such a request. */
function requestOf({ url, asking: { method, headers }, body, cuts, aborts }: Fetched): Made | undefined {
  const abort = new AbortController();
  if (aborts === "before") abort.abort();
  try {
    const bodiless = method === "GET" || method === "HEAD" || body === undefined;
    const sent = bodiless ? undefined : cuts.length === 0 ? body : streamOf(body, cuts);
    const init = { method, headers: { ...headers }, body: sent, duplex: "half", signal: abort.signal };
    return { request: new Request(url, init as RequestInit), abort };
  } catch {
    return undefined;
  }
}

interface Made {
  readonly request: Request;
  readonly abort: AbortController;
}

function streamOf(bytes: Uint8Array, cuts: readonly number[]): ReadableStream<Uint8Array> {
  let from = 0;
  const ends = [...cuts, bytes.length];
  return new ReadableStream({
    pull: (controller) => {
      const to = ends.shift();
      if (to === undefined) return controller.close();
      if (to > from) controller.enqueue(bytes.slice(from, to));
      else if (ends.length === 0) controller.close();
      else controller.enqueue(new Uint8Array(0));
      from = to;
    },
  });
}

async function converse(
  { fetch: answer }: Mounted,
  { request, abort }: Made,
  aborts: Fetched["aborts"],
): Promise<void> {
  const { method, url } = request;
  const pending = answer(request);
  if (aborts === "during") abort.abort();
  // Whoever has gone is answered or not; nobody would know.
  const response = await (aborts === "never" ? pending : Promise.race([pending, soon()]));
  if (response === undefined) return;
  must(STATUSES.has(response.status), `${method} ${url} got ${response.status}`);
  await drain(response);
}

/** Reads a complete reply, or the beginning of one that never ends. */
async function drain(response: Response): Promise<void> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  for (let size = 0; size < MOST_READ; ) {
    const chunk = await Promise.race([reader.read(), soon()]);
    if (chunk === undefined || chunk.done) break;
    size += chunk.value.byteLength;
  }
  await reader.cancel().catch(() => {});
}

/** Two turns of the loop: by then whatever is there has come. */
async function soon(): Promise<undefined> {
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  return undefined;
}
