/** What a large server costs its author in the editor and in CI: counted by the compiler, not timed. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const TSC = join(ROOT, "node_modules/typescript/bin/tsc");
/**
 * Type instantiations of one tool with five arguments, zod's own included (about 330 of 830 with zod 4.6 and
 * TypeScript 7.0). What is counted does not depend on the machine; an inference that goes wrong costs many times more.
 */
const MAX_INSTANTIATIONS_PER_TOOL = 1200;

let folder: string;
beforeAll(async () => {
  await mkdir(join(ROOT, ".tmp"), { recursive: true });
  // Inside the repository, so that its packages are found.
  folder = await mkdtemp(join(ROOT, ".tmp/types-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it("checks 500 tools with inferred arguments, at a price per tool that does not grow", async ({ annotate }) => {
  const none = await check(0);
  const hundred = await check(100);
  const many = await check(500);
  const perTool = (many.instantiations - none.instantiations) / 500;
  await annotate(`500 tools: ${many.instantiations} instantiations, ${perTool} a tool, ${many.seconds} s`);
  expect(perTool).toBeLessThan(MAX_INSTANTIATIONS_PER_TOOL);
  // The last four hundred cost no more each than the first hundred.
  const later = (many.instantiations - hundred.instantiations) / 400;
  expect(later).toBeLessThan(1.05 * ((hundred.instantiations - none.instantiations) / 100));
});

it("finds a mistake in one of many", async () => {
  await expect(
    check(20, 'mcp.registerTool("bad", { inputSchema: z.object({ a: z.string() }) }, ({ b }) => b);'),
  ).rejects.toMatchObject({
    stdout: expect.stringMatching(/error TS2339: Property 'b' does not exist on type '\{ a: string; \}'/),
  });
});

it.each([
  [
    "({ a }: { a: number }) => a.toFixed()",
    /Types of property 'a' are incompatible\.\s+Type 'string' is not assignable to type 'number'/,
  ],
  ["() => ({ n: String(1) })", /TS2769.*\n.*\n\s+Type 'string' is not assignable to type 'number'/],
  ["() => Symbol()", /Type 'symbol' is not assignable to type 'Awaitable</],
])("says what is wrong with the handler %s, and nothing of overloads without a schema", async (handler, message) => {
  const tool = `{ inputSchema: z.object({ a: z.string() }), outputSchema: z.object({ n: z.number() }) }, ${handler}`;
  await expect(check(1, `mcp.registerTool("bad", ${tool});`)).rejects.toMatchObject({
    stdout: expect.stringMatching(message),
  });
});

async function check(tools: number, more = ""): Promise<{ readonly instantiations: number; readonly seconds: number }> {
  const name = `tools-${tools}${more === "" ? "" : "-more"}`;
  await writeFile(join(folder, `${name}.ts`), `${programOf(tools)}${more}\n`);
  const config = { extends: "../../tsconfig.test.json", compilerOptions: OPTIONS, include: [`${name}.ts`] };
  await writeFile(join(folder, `${name}.json`), JSON.stringify(config));
  // One thread: several check the shared files each for itself, and the count would depend on how many there are.
  const args = [TSC, "-p", `${name}.json`, "--extendedDiagnostics", "--singleThreaded"];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder });
  const read = (label: string) => Number(new RegExp(`^${label}:\\s+([\\d.]+)`, "m").exec(stdout)?.[1]);
  return { instantiations: read("Instantiations"), seconds: read("Total time") };
}

/** Against the declarations that are published. */
const OPTIONS = { rootDir: "../..", paths: { holdfast: ["../../dist/index.d.ts"] } };

function programOf(tools: number): string {
  const head = [
    'import { McpServer } from "holdfast";',
    'import { z } from "zod";',
    'export const mcp = new McpServer({ name: "many", version: "1.0.0" });',
    "z.object({ first: z.string() });",
  ];
  return [...head, ...Array.from({ length: tools }, (_, index) => toolOf(index))].join("\n");
}

function toolOf(index: number): string {
  return `mcp.registerTool(
  "tool_${index}",
  {
    description: "Number ${index}.",
    inputSchema: z.object({
      id${index}: z.string(),
      count: z.number().int().min(0).default(${index}),
      tags: z.array(z.string()).optional(),
      mode: z.enum(["a", "b", "c${index}"]),
      nested: z.object({ at: z.string(), n: z.number().optional() }),
    }),
    outputSchema: z.object({ sum: z.number() }),
  },
  ({ id${index}, count, tags, mode, nested }, ctx) => {
    const text: string = id${index};
    const chosen: "a" | "b" | "c${index}" = mode;
    const sum: number = count + (nested.n ?? 0) + (tags?.length ?? 0) + text.length + chosen.length;
    ctx.progress(sum);
    return { sum };
  },
);`;
}
