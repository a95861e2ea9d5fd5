/** On a terminal, which `script` of util-linux makes: questions, progress, and nothing that a server says drives it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { beforeAll, expect, it } from "vitest";
import { FETCH_TIMEOUT_MS, type Program, requireProgram } from "../support/debian.js";
import { CLI, folder, ROOT } from "./helpers/cli.js";

const ESC = "\u001B";
const files = folder();
let script: Program;

const SERVER = `import { McpServer } from "holdfast";
import { z } from "zod";
const mcp = new McpServer({ name: "asking", version: "1.0.0" });
const inputSchema = z.object({ name: z.string(), times: z.number() });
mcp.registerTool("greet", { description: "Greets.", inputSchema }, async ({ name, times }, ctx) => {
  const requestedSchema = z.object({ sure: z.boolean() });
  const { action, content } = await ctx.elicit({ message: "Really?${ESC}[2J", requestedSchema });
  return \`\${name} \${times} \${action} \${content?.sure} ${ESC}]0;title\u0007\`;
});
mcp.registerTool("steps", { description: "Reports.", annotations: { readOnlyHint: true } }, async (ctx) => {
  ctx.progress(1, 2, "half${ESC}[2J way");
  await new Promise((resolve) => setTimeout(resolve, 300));
  return "done";
});
mcp.registerTool("clears", {}, () => "a\\u009b2Jb\\u202ec");
export default mcp;
`;

beforeAll(async () => {
  script = await requireProgram("script", "bsdutils");
}, FETCH_TIMEOUT_MS);

/** Types each answer when its question has come. */
async function onTerminal(
  args: string,
  answers: readonly (readonly [RegExp, string])[] = [],
): Promise<{ code: number | null; text: string }> {
  const env = { ...process.env, ...script.env, NO_COLOR: "1", TERM: "xterm" };
  const child = spawn(script.path, ["-qec", `${process.execPath} ${CLI} ${args}`, "/dev/null"], {
    cwd: ROOT,
    env,
    timeout: 25_000,
  });
  const left = [...answers];
  let text = "";
  let seen = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString();
    const [next] = left;
    const found = next?.[0].exec(text.slice(seen));
    if (next === undefined || found === undefined || found === null) return;
    seen += found.index + found[0].length;
    left.shift();
    child.stdin.write(next[1]);
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, text };
}

it("asks for what is missing, and passes on what the tool asks", async () => {
  const file = files.write("asking.mjs", SERVER);
  const { code, text } = await onTerminal(`call ${file} greet`, [
    [/name \(string\): /, "Ada\n"],
    [/times \(number\): /, "often\n"],
    [/"often" is no number\.[\s\S]*times \(number\): /, "3\n"],
    [/sure \(yes or no\): /, "yes\n"],
  ]);
  expect(text).toContain("Ada 3 accept true");
  expect(code).toBe(0);
});

it("[85] escapes what a server says", async () => {
  const file = files.write("asking-again.mjs", SERVER);
  const { text } = await onTerminal(`call ${file} greet name=Ada times=1`, [[/sure \(yes or no\): /, "no\n"]]);
  expect(text).toContain("The tool asks: Really?\\u001b[2J");
  expect(text).toContain("Ada 1 accept false \\u001b]0;title\\u0007");
  expect(text).not.toContain(`${ESC}[2J`);
  expect(text).not.toContain(`${ESC}]0;`);
});

it("[85] escapes what a server says within JSON, which says the same", async () => {
  const file = files.write("asking-json.mjs", SERVER);
  const { text } = await onTerminal(`call ${file} clears --json`);
  expect(text).not.toMatch(/[\u0080-\u009f\u202e]/);
  expect(JSON.parse(text)).toMatchObject({ content: [{ text: "a\u009b2Jb\u202ec" }] });
});

it("Ctrl-D declines", async () => {
  const file = files.write("declined.mjs", SERVER);
  const { text } = await onTerminal(`call ${file} greet name=Ada times=1`, [[/sure \(yes or no\): /, "\u0004"]]);
  expect(text).toContain("Ada 1 decline undefined");
});

it("--no-input asks nothing", async () => {
  const file = files.write("silent.mjs", SERVER);
  const { code, text } = await onTerminal(`call ${file} greet --no-input`);
  expect(text).toContain("greet needs name, times.");
  expect(code).toBe(2);
});

it("shows progress on one line, and takes it away", async () => {
  const file = files.write("steps.mjs", SERVER);
  const { code, text } = await onTerminal(`call ${file} steps`);
  expect(text).toContain(`${ESC}[K[##########..........] 1/2 half\\u001b[2J way`);
  expect(text.endsWith(`\r${ESC}[Kdone\r\n`)).toBe(true);
  expect(code).toBe(0);
});
