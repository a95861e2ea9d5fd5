/**
 * Requests that are sent without waiting for answers: they are answered in their order, whatever they take, and what
 * stands behind one that Node refuses by itself is neither answered nor the end of the server.
 */
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { anonymous, McpServer } from "../../src/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { legacySession } from "../support/legacy-session.js";
import { modernRequest } from "../support/modern.js";
import { RawSocket, requestBytes } from "../support/raw-socket.js";
import { type Faces, serveFaces } from "./helpers/faces.js";
import { until } from "./helpers/until.js";

const LARGE = 300_000;
const RUNS = 150;
const MAX_BODY_BYTES = 10_000;

/** Where each waits before it answers. */
const TOOLS = ["now", "soon", "later", "large"] as const;
type Tool = (typeof TOOLS)[number];
/** `refused` has no Host, which Node answers where we are mounted; `closing` is the last by its own word. */
type Step =
  | (Tool | "progress" | "held")
  | ("head" | "nowhere" | "delete" | "empty")
  | ("refused" | "refused-body" | "too-large" | "closing");

/** How often each tool was called, of all servers here. */
const runs = new Map<string, number>();
/** Calls that wait for their end. */
let holding = 0;

function create(): McpServer {
  const limits = { maxBodyBytes: MAX_BODY_BYTES, maxStreamsPerSession: 1 };
  const mcp = new McpServer(
    { name: "pipelined", version: "1.0.0" },
    { auth: anonymous(), logger: silentLogger, limits },
  );
  const reads = { annotations: { readOnlyHint: true } };
  mcp.registerTool("now", reads, () => {
    runs.set("now", (runs.get("now") ?? 0) + 1);
    return "now";
  });
  mcp.registerTool("soon", reads, async () => "soon");
  mcp.registerTool("later", reads, async () => {
    for (let turns = 0; turns < 5; turns += 1) await turn();
    return "later";
  });
  mcp.registerTool("large", reads, () => "x".repeat(LARGE));
  mcp.registerTool("held", reads, async ({ signal }) => {
    holding += 1;
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    holding -= 1;
    return "held";
  });
  mcp.registerTool("progress", reads, async (ctx) => {
    await ctx.progress(1, 2);
    return "progress";
  });
  return mcp;
}

function bytesOf(url: string, step: Step, id: number): Buffer {
  const open = { connection: "keep-alive" };
  if (step === "head") return requestBytes(url, "HEAD", undefined, open);
  if (step === "nowhere") return requestBytes(`${url}/nowhere`, "GET", undefined, open);
  if (step === "delete") return requestBytes(url, "DELETE", undefined, open);
  if (step === "empty") return requestBytes(url, "POST", "", open);
  if (step === "refused") return requestBytes(url, "GET", undefined, { ...open, host: undefined });
  if (step === "refused-body") return requestBytes(url, "POST", {}, { ...open, host: undefined });
  if (step === "too-large") return requestBytes(url, "POST", "x".repeat(MAX_BODY_BYTES + 1), open);
  const name = step === "closing" ? "now" : step;
  const { message, headers } = modernRequest("tools/call", { name, arguments: {} }, { id, progressToken: id });
  return requestBytes(url, "POST", message, step === "closing" ? headers : { ...headers, ...open });
}

/** What the answers to the first of `steps` must be, in order; ids for calls, a status for the others. */
function expected(steps: readonly Step[]): string[] {
  const bad = { delete: "400", empty: "400", refused: "400", "refused-body": "400", "too-large": "413" };
  const statuses: Partial<Record<Step, string>> = { head: "405", nowhere: "404", ...bad };
  return steps.map((step, id) => statuses[step] ?? `200 ${id}`);
}

/** Status lines in the order they came, with the id of the answer where there is one. */
function answersIn(bytes: Buffer): string[] {
  const text = bytes.toString("latin1");
  const starts = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)];
  return starts.map(({ index, 1: status }, at) => {
    const part = text.slice(index, starts[at + 1]?.index);
    const id = /"id":(\d+)/.exec(part)?.[1];
    return id === undefined || status !== "200" ? `${status}` : `${status} ${id}`;
  });
}

async function allAnswers(url: string, pieces: readonly Buffer[]): Promise<string[]> {
  const socket = await RawSocket.connect(url);
  for (const piece of pieces) {
    // A server that has ended the connection takes no more.
    if (socket.socket.writable) await socket.write(piece).catch(() => {});
    await turn();
  }
  return answersIn((await socket.all()).bytes);
}

let faces: Faces;
beforeAll(async () => {
  faces = await serveFaces(create);
});
afterAll(async () => {
  await faces.close();
});

const anyStep = fc.constantFrom<Step>(...TOOLS, "progress", "head", "nowhere", "delete", "empty");

describe.each(["run", "node"] as const)("behind %s", (face) => {
  test("every request is answered, in order", { timeout: 60_000 }, async () => {
    const url = `${faces.bases[face]}/mcp`;
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 8 }), fc.nat(), async (before, cut) => {
        const steps: Step[] = [...before, "closing"];
        const bytes = Buffer.concat(steps.map((step, id) => bytesOf(url, step, id)));
        const at = cut % bytes.length;
        const answers = await allAnswers(url, [bytes.subarray(0, at), bytes.subarray(at)]);
        expect(answers).toEqual(expected(steps));
      }),
      { numRuns: RUNS },
    );
  });

  test("behind a request that Node refuses nothing is answered, and the next client is served", {
    timeout: 60_000,
  }, async () => {
    const url = `${faces.bases[face]}/mcp`;
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyStep, { maxLength: 3 }),
        fc.constantFrom<Step>("refused", "refused-body"),
        fc.array(anyStep, { minLength: 1, maxLength: 4 }),
        fc.constantFrom("", "no request line"),
        async (before, refused, after, garbage) => {
          const steps: Step[] = [...before, refused, ...after];
          const requests = steps.map((step, id) => bytesOf(url, step, id));
          const answers = await allAnswers(url, [Buffer.concat([...requests, Buffer.from(garbage)])]);
          // What is no request at all ends the connection with what still waited on it.
          if (garbage === "") expect(answers).toEqual(expected([...before, refused]));
          expect(answers.slice(0, -1)).toEqual(expected(before).slice(0, answers.length - 1));
          expect(await allAnswers(url, [bytesOf(url, "closing", 9)])).toEqual(["200 9"]);
        },
      ),
      { numRuns: RUNS },
    );
  });

  // Of one without a body that Node refuses by itself a mounted server knows nothing.
  const ours =
    face === "run" ? (["refused", "refused-body", "too-large"] as const) : (["refused-body", "too-large"] as const);
  test.each(ours)("a call behind one that is %s is not run", async (refused) => {
    const url = `${faces.bases[face]}/mcp`;
    for (const before of [[], ["later"]] as const) {
      // Node itself refuses in its own time: only what stands alone before the call is known.
      if (face === "node" && refused === "refused-body" && before.length > 0) continue;
      await allAnswers(url, [bytesOf(url, "closing", 1)]);
      runs.clear();
      const steps: Step[] = [...before, refused, "now"];
      const answers = await allAnswers(url, [Buffer.concat(steps.map((step, id) => bytesOf(url, step, id)))]);
      expect(answers).toEqual(expected([...before, refused]));
      expect(await allAnswers(url, [bytesOf(url, "closing", 3)])).toEqual(["200 3"]);
      expect(runs.get("now")).toBe(1);
    }
  });

  test("whoever leaves while replies wait for their turn has left all of them", async () => {
    const url = `${faces.bases[face]}/mcp`;
    await leave(url, [bytesOf(url, "held", 1), bytesOf(url, "held", 2)]);
    await until("both calls are cancelled", () => holding === 0);
  });

  test("[53] a standing stream that waits for its turn gives its place back when its client leaves", async () => {
    const url = `${faces.bases[face]}/mcp`;
    const session = await legacySession(url);
    const standing = { "mcp-session-id": session.id, "mcp-protocol-version": session.revision };
    const open = { ...standing, connection: "keep-alive" };
    await leave(url, [bytesOf(url, "held", 1), requestBytes(url, "GET", undefined, open)]);
    await until("the call is cancelled", () => holding === 0);
    const again = await RawSocket.connect(url);
    await again.write(requestBytes(url, "GET", undefined, standing));
    expect(answersIn((await again.received.next()) ?? Buffer.alloc(0))).toEqual(["200"]);
    again.destroy();
  });
});

/** Sends it all at once, and is gone when as many calls are held as it begins. */
async function leave(url: string, requests: readonly Buffer[]): Promise<void> {
  const calls = requests.filter((bytes) => bytes.includes('"held"')).length;
  const socket = await RawSocket.connect(url);
  await socket.write(Buffer.concat(requests));
  await until("the calls have begun", () => holding === calls);
  socket.destroy();
}
