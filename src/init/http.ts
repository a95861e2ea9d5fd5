/** The template `http`: callers with keys, notes and operations on disk, files to deploy it with. */
import { COMMON, json, manifest } from "./common.js";
import { fill } from "./fill.js";
import { deploymentFiles } from "./http-deployment.js";
import { MAIN, NOTES, SERVER } from "./http-sources.js";
import { FOLDER, HTTP_TEST, SERVER_TEST } from "./http-tests.js";
import { httpReadme } from "./readme.js";
import type { ProjectFacts, ProjectFile } from "./types.js";

const BUILD = {
  extends: "./tsconfig.json",
  compilerOptions: { noEmit: false, rootDir: "src", outDir: "dist", sourceMap: true },
  include: ["src"],
};

export function httpFiles(facts: ProjectFacts): readonly ProjectFile[] {
  const { name, keyHash, key, secret } = facts;
  const programs = {
    "src/main.ts": MAIN,
    "src/notes.ts": NOTES,
    "src/server.ts": SERVER,
    "test/http.test.ts": HTTP_TEST,
    "test/server.test.ts": SERVER_TEST,
    "test/temporary-folder.ts": FOLDER,
  };
  return [
    manifest(facts, {
      description: "An MCP server that keeps notes",
      scripts: {
        build: "tsc -p tsconfig.build.json",
        prestart: "npm run build",
        start: "node dist/main.js",
        dev: "holdfast run src/main.ts --transport http --reload",
        call: "node --env-file=.env node_modules/holdfast/dist/cli.js call http://127.0.0.1:8000/mcp",
        test: "vitest run",
        types: "tsc",
      },
      dependencies: ["lmdb", "zod"],
      devDependencies: ["@modelcontextprotocol/client", "@types/node", "tsx", "typescript", "vitest"],
    }),
    ...COMMON,
    { path: "tsconfig.build.json", content: json(BUILD) },
    { path: "README.md", content: httpReadme(facts) },
    {
      path: "api-keys.json",
      content: json([{ hash: keyHash, subject: "developer", permissions: ["notes:*"] }]),
    },
    { path: ".env", content: environment(key, secret), secret: true },
    ...Object.entries(programs).map(([path, text]) => ({ path, content: fill(text, name) })),
    ...deploymentFiles(facts),
  ];
}

function environment(key: string, secret: string): string {
  return `# Not for git. Seals session ids; compose.yaml reads it here. Make another: npx holdfast keys seal
MCP_SECRET=${secret}
# The key of "developer" in api-keys.json, for npm run call. The server knows its hash alone.
MCP_TOKEN=${key}
`;
}
