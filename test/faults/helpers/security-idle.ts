/** The server of scripts/soak in a process of its own, and idle streams to it that count what they hear. */
import { modernRequest, open, post, type RawStream } from "../../support/raw-http.js";
import { forEachNumber } from "./pool.js";
import { quickSession } from "./quick-session.js";

const SOAK = new URL("../../../scripts/soak/", import.meta.url);
const SERVER = "../../test/faults/helpers/security-idle-server.mjs";
/** Opened at the same time: what mostly waits need not wait in turn. */
const AT_ONCE = 32;

export interface Memory {
  /** Bytes, after collections. */
  readonly heap: number;
}

/** What is alive in a process, and what of it can still be reached. */
export interface Usage extends Memory {
  readonly handles: Readonly<Record<string, number>>;
  readonly timers: number;
  readonly listeners: number;
  readonly objects: Readonly<Record<string, number>>;
  readonly warnings: readonly string[];
}

export interface IdleServer {
  readonly port: number;
  /** Before the first client came. */
  readonly fresh: Usage;
  memory(): Promise<Memory>;
  state(): Promise<Omit<Usage, "heap" | "objects">>;
  /** When nothing is alive that was not at the start, or after a bound. */
  settled(): Promise<Usage>;
  stop(): Promise<void>;
}

export async function startIdleServer(limits: Readonly<Record<string, number>>): Promise<IdleServer> {
  const { startServer } = (await import(new URL("process.mjs", SOAK).href)) as {
    startServer(file: string, options: object): Promise<IdleServer>;
  };
  return startServer(SERVER, { limits });
}

/** As many of `wanted` connections as the open files of a process allow. */
export async function affordable(wanted: number): Promise<number> {
  const lanes = (await import(new URL("lanes.mjs", SOAK).href)) as {
    affordable(wanted: number, say: (text: string) => void): number;
  };
  return lanes.affordable(wanted, () => undefined);
}

export type IdleKind = "2025-11-25 GET" | "2026-07-28 listen";

/** Opens so many streams; each is told of changes when this resolves. */
export async function openIdle(url: string, kind: IdleKind, count: number): Promise<readonly RawStream[]> {
  const streams: RawStream[] = [];
  await forEachNumber(count, AT_ONCE, async (number) => {
    if (kind === "2025-11-25 GET") {
      const session = await quickSession(url, "2025-11-25");
      streams.push(await session.listen());
      return;
    }
    const params = { notifications: { toolsListChanged: true } };
    const { message, headers } = modernRequest("subscriptions/listen", params, { id: number });
    const stream = await open(url, { method: "POST", body: message, headers });
    await stream.messages.expect(({ method }) => method === "notifications/subscriptions/acknowledged");
    streams.push(stream);
  });
  return streams;
}

/** Makes the server say that its tools have changed. */
export async function announce(url: string): Promise<void> {
  const { message, headers } = modernRequest("tools/call", { name: "announce", arguments: {} });
  const { status } = await post(url, message, { headers });
  if (status !== 200) throw new Error(`announce was answered with ${status}`);
}

/** How often a stream was told of the change. */
export function told(stream: RawStream): number {
  return stream.messages.all.filter(({ method }) => method === "notifications/tools/list_changed").length;
}

export const keepAlives = (stream: RawStream): number => stream.parser.comments.length;
