/** The audit log as a file: whole lines, in order, with a word for each that is missing. */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Writable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { LineQueue, type LineTarget } from "../../src/audit/line-queue.js";
import { type AuditEvent, auditJsonLines, HoldfastError, type Logger, McpServer } from "../../src/index.js";
import { connect } from "../../src/testing/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { until } from "../faults/helpers/until.js";

const FORGED = '\r\n{"event":"call"}\n\u001b[2J\u2028\u2029\u0085\u0000\u007f\u009b31m\u202e\ufeff"';
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const DANGEROUS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\ufeff]/;

function event(name: string): AuditEvent {
  return {
    event: "call",
    time: "2026-07-28T00:00:00.000Z",
    requestId: 1,
    principal: { issuer: "test", subject: "ada" },
    permissions: [],
    transport: "http",
    revision: "2026-07-28",
    method: "tools/call",
    name,
    decision: "allowed",
    outcome: "ok",
    durationMs: 1,
  };
}

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "audit-"));
  path = join(folder, "audit.jsonl");
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  vi.restoreAllMocks();
});

const lines = (file = path) => readFileSync(file, "utf8").split("\n").slice(0, -1);
const namesIn = (file = path) => lines(file).map((line) => (JSON.parse(line) as { name: string }).name);

describe("a file", () => {
  test("gets one line for each event, after what is in it, and is for its owner alone", async () => {
    const sink = auditJsonLines({ path });
    for (let index = 0; index < 500; index += 1) sink.write(event(`n${index}`));
    await sink.flush?.();
    auditJsonLines({ path }).write(event("after a restart"));
    await until("the last line", () => lines().length === 501);
    expect(namesIn()).toEqual([...Array.from({ length: 500 }, (_, index) => `n${index}`), "after a restart"]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("[85, S28] one line whatever an event holds", async () => {
    const sink = auditJsonLines({ path });
    sink.write({ ...event(FORGED), method: FORGED, principal: { issuer: FORGED, subject: FORGED } } as AuditEvent);
    await sink.flush?.();
    expect(readFileSync(path, "utf8")).not.toMatch(DANGEROUS);
    expect(namesIn()).toEqual([FORGED]);
  });

  test("that was rotated away, removed or cut off goes on in a new one", async () => {
    const sink = auditJsonLines({ path });
    const write = async (name: string) => {
      sink.write(event(name));
      await sink.flush?.();
    };
    await write("one");
    renameSync(path, `${path}.1`);
    await write("two");
    rmSync(path);
    await write("three");
    expect(namesIn(`${path}.1`)).toEqual(["one"]);
    expect(namesIn()).toEqual(["three"]);
    writeFileSync(path, "");
    await write("four");
    expect(namesIn()).toEqual(["four"]);
  });

  test("that is held open is left when it was rotated away", async () => {
    const sink = auditJsonLines({ path });
    sink.write(event("one"));
    await until("the line", () => existsSync(path) && lines().length === 1);
    renameSync(path, `${path}.1`);
    // The first look is due at once.
    sink.write(event("two"));
    await until("a new file", () => existsSync(path) && lines().length === 1);
    expect([namesIn(`${path}.1`), namesIn()]).toEqual([["one"], ["two"]]);
    await sink.flush?.();
  });

  test("that cannot be written is said at start", () => {
    for (const bad of [join(folder, "no", "folder.jsonl"), folder]) {
      expect(() => auditJsonLines({ path: bad })).toThrow(HoldfastError);
    }
    expect(() => auditJsonLines({ path, stream: new PassThrough() })).toThrow(TypeError);
    expect(() => auditJsonLines({ maxQueuedBytes: 0 })).toThrow(TypeError);
    expect(() => auditJsonLines({ file: path } as never)).toThrow("unknown option file");
  });
});

describe("[86] stdout", () => {
  test("is no place for it, by whatever name", () => {
    expect(() => auditJsonLines({ stream: process.stdout })).toThrow("stdout");
    const program = `
      import { auditJsonLines } from ${JSON.stringify(join(import.meta.dirname, "../../src/index.ts"))};
      for (const path of ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"]) {
        try { auditJsonLines({ path }); console.error("taken", path); } catch (error) { console.error(error.code); }
      }`;
    const args = ["--import", "tsx", "--input-type=module", "-e", program];
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 20_000 });
    expect(stdout).toBe("");
    expect(stderr.trim().split("\n")).toEqual(["ERR_CONFIG", "ERR_CONFIG", "ERR_CONFIG"]);
  });
});

describe("a stream", () => {
  test("stderr is the default", async () => {
    const written: string[] = [];
    vi.spyOn(process.stderr, "write").mockImplementation(((chunk: Uint8Array, done: () => void) => {
      written.push(Buffer.from(chunk).toString());
      done();
      return true;
    }) as never);
    const sink = auditJsonLines();
    sink.write(event("one"));
    await sink.flush?.();
    expect(written.join("")).toMatch(/^\{"event":"call".*"name":"one".*\}\n$/);
  });

  test("that breaks ends nothing, and is told to whoever writes next", async () => {
    const stream = new Writable({ write: (_chunk, _encoding, done) => done(new Error("gone")) });
    const sink = auditJsonLines({ stream });
    sink.write(event("one"));
    await expect(sink.flush?.()).rejects.toThrow("they could not be written");
    expect(() => sink.write(event("two"))).toThrow("they could not be written");
  });
});

/** A target that takes what it is told to take. */
class Target implements LineTarget {
  text = "";
  /** Bytes it takes before it fails; undefined when it has room. */
  room: number | undefined;
  gate: Promise<void> | undefined;
  appends = 0;

  async append(bytes: Uint8Array): Promise<{ written: number; error?: Error }> {
    this.appends += 1;
    await this.gate;
    const written = Math.min(bytes.length, this.room ?? bytes.length);
    if (this.room !== undefined) this.room -= written;
    this.text += Buffer.from(bytes.subarray(0, written)).toString();
    return written === bytes.length ? { written } : { written, error: new Error("ENOSPC") };
  }

  async settle(): Promise<void> {}
}

describe("a disk", () => {
  const queueOn = (target: Target, maxBytes: number) =>
    new LineQueue(target, maxBytes, (count) => `dropped ${count}\n`);
  const push = (queue: LineQueue, line: string) => {
    try {
      queue.push(`${line}\n`);
      return "taken";
    } catch (error) {
      return (error as Error).message;
    }
  };

  test("that is slow keeps nobody waiting; what is too much is counted at its place", async () => {
    const target = new Target();
    let open: () => void = () => undefined;
    target.gate = new Promise((resolve) => {
      open = resolve;
    });
    const queue = queueOn(target, 10);
    expect(["aaaa", "bbbb"].map((line) => push(queue, line))).toEqual(["taken", "taken"]);
    expect(push(queue, "c")).toContain("1 events were dropped");
    expect(push(queue, "d")).toContain("2 events were dropped");
    open();
    await queue.flush();
    expect(push(queue, "e")).toBe("taken");
    await queue.flush();
    expect(target.text).toBe("aaaa\nbbbb\ndropped 2\ne\n");
  });

  test("that is full loses nothing as long as there is room to wait, and no line is torn", async () => {
    const target = new Target();
    target.room = 7;
    const queue = queueOn(target, 1000);
    for (const line of ["aaaa", "bbbb", "cccc"]) push(queue, line);
    await expect(queue.flush()).rejects.toThrow("8 bytes of audit events wait, 0 events were dropped");
    expect(target.text).toBe("aaaa\nbb");
    expect(push(queue, "dddd")).toContain("could not be written");
    await expect(queue.flush()).rejects.toMatchObject({ cause: { message: "ENOSPC" } });
    target.room = undefined;
    await queue.flush();
    expect(target.text).toBe("aaaa\nbbbb\ncccc\ndddd\n");
  });

  test("that has room again is found by itself", async () => {
    const target = new Target();
    target.room = 0;
    const queue = queueOn(target, 1000);
    push(queue, "aaaa");
    await until("the first attempt", () => target.appends === 1);
    target.room = undefined;
    await until("the second", () => target.text === "aaaa\n");
  });

  test("lines that come together are written together", async () => {
    const target = new Target();
    const queue = queueOn(target, 1000);
    for (let index = 0; index < 50; index += 1) push(queue, "x");
    await queue.flush();
    expect(target.appends).toBe(1);
    // Every turn in which one could come is one in which it is written.
    for (let turns = 0; turns < 8; turns += 1) {
      const before = target.text.length;
      push(queue, "y");
      for (let turn = 0; turn < turns; turn += 1) await undefined;
      push(queue, "z");
      await until("both lines", () => target.text.length === before + 4);
    }
  });
});

describe("in a server", () => {
  const logged: unknown[] = [];
  const logger: Logger = { log: (...entry) => void logged.push(entry) };
  beforeEach(() => {
    logged.length = 0;
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("no disk");
      },
    ],
    ["rejects", async () => Promise.reject(new Error("no disk"))],
  ])("a sink that %s fails no call, and is in the log once", async (_what, write) => {
    const mcp = new McpServer({ name: "orders", version: "1.0.0" }, { audit: { write }, logger });
    mcp.registerTool("get", {}, () => "ok");
    const client = await connect(mcp);
    for (let index = 0; index < 5; index += 1) {
      expect((await client.callTool("get")).content).toEqual([{ type: "text", text: "ok" }]);
    }
    expect(logged).toEqual([["error", "audit_failed", { error: new Error("no disk"), failures: 1 }]]);
    await client.close();
  });

  test("a redact that throws shows nothing", async () => {
    const seen: AuditEvent[] = [];
    const redact = (text: string) => {
      if (text === "get") throw new Error("no");
      return text.slice(0, 3);
    };
    const sink = { write: (one: AuditEvent) => void seen.push(one) };
    const mcp = new McpServer({ name: "orders", version: "1.0.0" }, { audit: { sink, redact }, logger });
    mcp.registerTool("get", {}, () => "ok");
    mcp.registerTool("cancel_order", {}, () => "ok");
    const client = await connect(mcp);
    await client.callTool("get");
    await client.callTool("cancel_order");
    expect(seen).toMatchObject([{ name: "(redact failed)" }, { name: "can" }]);
    await client.close();
  });

  test.each([[{}], [{ sink: {} }], [null], ["audit.jsonl"], [{ sink: { write: () => {} }, redact: "all" }]])(
    "%j is refused at start",
    (audit) => {
      expect(() => new McpServer({ name: "orders", version: "1.0.0" }, { audit: audit as never })).toThrow(TypeError);
    },
  );

  test("[89] everything is in the file when the server has stopped; a sink that hangs or fails keeps it from nothing", async () => {
    const mcp = new McpServer(
      { name: "orders", version: "1.0.0" },
      { audit: auditJsonLines({ path }), logger: silentLogger },
    );
    mcp.registerTool("get", {}, () => "ok");
    const handle = await mcp.run({ transport: "http", port: 0, signals: false });
    const client = await connect(mcp);
    for (let index = 0; index < 20; index += 1) await client.callTool("get");
    await handle.close();
    expect(lines()).toHaveLength(20);
    const failing = { write: () => undefined, flush: () => Promise.reject(new Error("no disk")) };
    const other = new McpServer({ name: "orders", version: "1.0.0" }, { audit: failing, logger });
    await (await other.run({ transport: "http", port: 0, signals: false })).close();
    expect(logged).toContainEqual(["error", "audit_failed", { error: new Error("no disk"), failures: 1 }]);
  });
});

test.skipIf(process.getuid?.() === 0)("a file without permission to write is said at start", () => {
  writeFileSync(path, "");
  chmodSync(path, 0o400);
  expect(() => auditJsonLines({ path })).toThrow(HoldfastError);
});
