/** One transport and era: its server, its network, its clients, and what came of their calls. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { isReplayed, judge, kindOf } from "./checker.mjs";
import { Downstream } from "./downstream.mjs";
import { ModernClient } from "./modern-client.mjs";
import { Network } from "./network.mjs";
import { MortalServer } from "./process.mjs";
import { SessionClient } from "./session-client.mjs";
import { SseClient } from "./sse-client.mjs";
import { StdioClient } from "./stdio-client.mjs";

const TOOLS = ["steps", "keyed", "plain"];
const CLIENTS = 10;
/** Of them, those that call again without a key. */
const UNMODIFIED = 3;
/** A server is killed this many times as often as it must be, and then left alone: calls that began can end. */
const MOST_KILLS = 3;
/** Processes of stdio clients run at the same time. */
const STDIO_CLIENTS = 3;
const MOST_MS = 60;
/** Without a key calls last longer than any cut waits (see the network). */
const UNMODIFIED_MS = 160;
/** Where posts are not cut they are short, so that no answer crosses the same call made again. */
const UNCUT_MS = 40;

const session = (revision) => ({ path: "/mcp", make: (options) => new SessionClient({ ...options, revision }) });
export const LANES = {
  sse: { title: "HTTP+SSE 2024-11-05", path: "/sse", posts: false, make: (options) => new SseClient(options) },
  "2025-03-26": { title: "HTTP 2025-03-26", ...session("2025-03-26") },
  "2025-06-18": { title: "HTTP 2025-06-18", ...session("2025-06-18") },
  "2025-11-25": { title: "HTTP 2025-11-25", ...session("2025-11-25") },
  "2026-07-28": { title: "HTTP 2026-07-28", path: "/mcp", make: (options) => new ModernClient(options) },
  stdio: { title: "stdio 2025-11-25" },
};

export class Lane {
  title;
  calls = [];
  #lane;
  #name;
  #random;
  #aims;
  #dir;
  #downstream;
  #server;
  #proxies = [];
  #clients = [];

  constructor(name, { random, dir, calls, kills }) {
    this.#name = name;
    this.#lane = LANES[name];
    this.title = this.#lane.title;
    this.#random = random;
    this.#aims = { calls, kills };
    this.#dir = join(dir, name);
  }

  get kills() {
    return this.#server?.kills ?? sum(this.#clients, (client) => client.kills);
  }

  get cuts() {
    return sum(this.#proxies, (proxy) => proxy.cuts) + sum(this.#clients, (client) => client.cuts ?? 0);
  }

  /** How many calls have their answer. */
  get answered() {
    return this.calls.filter(({ result }) => result !== undefined).length;
  }

  async run() {
    mkdirSync(this.#dir, { recursive: true });
    this.#downstream = await Downstream.start(this.#dir);
    try {
      await (this.#lane.path === undefined ? this.#startStdio() : this.#startHttp());
      const working = Promise.all(this.#clients.map((client) => this.#work(client)));
      // A server that cannot be started again ends the run.
      const killing = this.#server?.run(this.#aims.kills * MOST_KILLS) ?? working;
      await Promise.race([working, killing.then(() => working)]);
      this.#calm();
      await killing;
      await this.#askAgain();
      if (this.#server?.died !== undefined) throw this.#server.died;
    } finally {
      await Promise.all(this.#clients.map((client) => client.close()));
      await this.#server?.stop();
      for (const proxy of this.#proxies) proxy.close();
      this.#downstream.close();
    }
    return this.#row();
  }

  async #startHttp() {
    const { path, make, posts } = this.#lane;
    const place = { dir: this.#dir, downstream: this.#downstream.url };
    this.#server = new MortalServer(place, { random: this.#random.fork(), answered: () => this.answered });
    await this.#server.start();
    const port = () => this.#server.port;
    const rough = await Network.start({ port, random: this.#random.fork() });
    const gentle = await Network.start({ port, random: this.#random.fork(), gentle: true, posts });
    this.#proxies = [rough, gentle];
    for (let index = 0; index < CLIENTS; index += 1) {
      const keyed = index >= UNMODIFIED;
      const url = `${(keyed ? rough : gentle).base}${path}`;
      // Who has no session and no key needs a name to be told from others.
      const client = make({ url, random: this.#random.fork(), user: keyed ? undefined : `user-${index}` });
      client.keyed = keyed;
      this.#clients.push(client);
    }
  }

  #startStdio() {
    const place = { dir: this.#dir, downstream: this.#downstream.url };
    for (let index = 0; index < STDIO_CLIENTS; index += 1) {
      const client = new StdioClient({ random: this.#random.fork(), place });
      client.keyed = index > 0;
      this.#clients.push(client);
    }
  }

  /** One client: call after call, until there were enough calls and kills. */
  async #work(client) {
    while (this.calls.length < this.#aims.calls || this.kills < this.#aims.kills) {
      const call = { intent: this.#intend(client.keyed), client };
      this.calls.push(call);
      try {
        call.result = await client.call(call.intent);
      } catch (error) {
        call.failure = `no result: ${error.message}`;
      }
    }
  }

  #intend(keyed) {
    const id = `${this.#name}.${this.calls.length + 1}`;
    const ms = keyed ? this.#random.between(0, MOST_MS) : this.#lane.posts === false ? UNCUT_MS : UNMODIFIED_MS;
    const key = keyed ? `demo-drop-key-${id}` : undefined;
    return { id, tool: this.#random.pick(TOOLS), args: { call: id, ms }, key, trail: [] };
  }

  #calm() {
    this.#server?.calm();
    for (const part of [...this.#proxies, ...this.#clients]) part.calm = true;
  }

  /** All is quiet: who asks again with a key is told the same as before. */
  async #askAgain() {
    const asked = this.calls.filter(({ intent, result }) => intent.key !== undefined && result !== undefined);
    const ask = async (call) => {
      call.again = await call.client.call(call.intent);
    };
    const oneByOne = async (client) => {
      for (const call of asked) if (call.client === client) await ask(call);
    };
    await Promise.all(this.#clients.map(oneByOne));
  }

  #row() {
    const { chosenAgain } = this.#downstream;
    const all = this.#downstream.effects();
    const excuses = ({ intent }) => sum(this.#proxies, (proxy) => proxy.handedOver.get(intent.id) ?? 0);
    const violations = [];
    const effects = (call) => all.get(call.intent.id) ?? [];
    for (const call of this.calls) {
      const seen = { effects: effects(call), handedOver: excuses(call), chosenAgain: chosenAgain.has(call.intent.id) };
      const wrong = judge(call, seen);
      const { id, tool, key, trail } = call.intent;
      const name = `${id} (${tool}, ${key === undefined ? "without a key" : "with a key"})`;
      if (wrong.length > 0) violations.push({ call: name, wrong, trail, events: this.#server?.events });
    }
    const kinds = this.calls.map(({ result }) => (result === undefined ? "none" : kindOf(result)));
    const stat = (name) => sum(this.#clients, (client) => client.stats[name]);
    return {
      title: this.title,
      calls: this.calls.length,
      attempts: stat("attempts"),
      cuts: this.cuts,
      kills: this.kills,
      results: kinds.filter((kind) => kind === "result").length,
      replayed: this.calls.filter(({ result }) => result !== undefined && isReplayed(result)).length,
      resumed: stat("resumed"),
      unknown: kinds.filter((kind) => kind === "unknown").length,
      effects: sum(this.calls, (call) => effects(call).length),
      twice: this.calls.filter((call) => effects(call).length > 1 + excuses(call)).length,
      refused: stat("refused"),
      lastRefusal: this.#clients.map(({ stats }) => stats.lastRefusal).find((text) => text !== "") ?? "",
      sessionsLost: stat("sessionsLost"),
      excused: sum(this.calls, excuses),
      violations,
    };
  }
}

function sum(list, figure) {
  return list.reduce((total, one) => total + figure(one), 0);
}
