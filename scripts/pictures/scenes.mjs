/** What the pictures of the documentation show: real commands against real servers and a real nginx. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { FrontProxy } from "../../test/deploy/helpers/proxy.ts";
import { freePort } from "../../test/support/nginx.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** The ports that people know from the guides. */
const SERVER_PORT = 8000;
const PROXY_PORT = 8080;
const SERVER = `http://127.0.0.1:${SERVER_PORT}/mcp`;

/** What common articles put in front of a server. */
const NAIVE =
  "gzip on; gzip_types *; gzip_proxied any; gzip_min_length 1; gzip_http_version 1.0; proxy_read_timeout 2s;";

/** Inside the checkout, where its imports are found. */
const WORKSHOP = join(ROOT, ".tmp", "pictures");
const DRAFT = `import { McpServer, ToolError } from "holdfast";
import { z } from "zod";

const mcp = new McpServer({ name: "files", version: "1.0.0" });
mcp.registerTool("copy", { inputSchema: z.object({ to: z.string() }) }, async ({ to }, ctx) => {
  if (to === "/nowhere") throw new ToolError("There is no such folder.");
  for (const [index, name] of ["first.txt", "second.txt"].entries()) {
    ctx.progress(index + 1, 2, name);
    await new Promise((resolve) => setTimeout(resolve, 400));
  }
  return \`copied to \${to}\`;
});
export default mcp;
`;

export const SCENES = [
  {
    name: "dev",
    title: "holdfast dev: a request log, and a reload at every change",
    line: "holdfast dev server.ts",
    cwd: WORKSHOP,
    rows: 30,
    answers: [
      { after: /\d ready/, act: typed("call", SERVER, "copy", "to=/backup") },
      { after: /copy #\d+ ok/, act: typed("call", SERVER, "copy", "to=/nowhere") },
      { after: /error/, act: edited },
      { after: /ready[\s\S]*ready/, act: typed("call", SERVER, "copy", "to=/backup") },
      { after: /(copy #\d+ ok[\s\S]*){2}/, text: "q" },
    ],
    around: withDraft,
  },
  {
    name: "call",
    title: "holdfast call: progress, and a question of the tool",
    line: `holdfast call ${SERVER} push_config devices=ams1-acc1 lines='vlan 120'`,
    answers: [{ after: /apply[^\n]*:\s*$/, text: "yes\r" }],
    rows: 44,
    around: withServer,
  },
  {
    name: "doctor",
    title: "holdfast doctor: nginx as common articles set it up",
    line: `holdfast doctor http://127.0.0.1:${PROXY_PORT}/mcp --check streams --check bodies --idle 4 --first-event 1`,
    rows: 46,
    around: (work) => withServer(() => withNginx(work)),
  },
];

/** A folder in which `holdfast` is this build's command, for PATH. */
export async function withCommand(work) {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-pictures-"));
  symlinkSync(join(ROOT, "dist/cli.js"), join(folder, "holdfast"));
  try {
    return await work({ PATH: `${folder}:${process.env.PATH}` });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function withDraft(work) {
  mkdirSync(WORKSHOP, { recursive: true });
  writeFileSync(join(WORKSHOP, "server.ts"), DRAFT);
  return work();
}

/** Another terminal: the command is begun and not waited for. */
function typed(...args) {
  return ({ cwd, env }) => {
    spawn("holdfast", args, { cwd, env, stdio: "ignore" }).unref();
  };
}

function edited({ cwd }) {
  const file = join(cwd, "server.ts");
  writeFileSync(file, readFileSync(file, "utf8").replace("copied to", "all copied to"));
}

async function withServer(work) {
  const child = spawn(process.execPath, ["--import", "tsx", "examples/network-automation/src/main.ts"], {
    cwd: ROOT,
    env: { ...process.env, MCP_TRANSPORT: "http", MCP_PORT: String(SERVER_PORT) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "exit");
  try {
    await ready(child);
    return await work();
  } finally {
    child.kill("SIGTERM");
    await ended;
  }
}

function ready(child) {
  return new Promise((resolve, reject) => {
    let said = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        said += text;
        if (said.includes("is ready at")) resolve();
      });
    }
    child.once("exit", () => reject(new Error(`The example did not start (is port ${SERVER_PORT} free?): ${said}`)));
  });
}

/** Two hops, as with an ingress: one nginx alone obeys what the server says about buffering. */
async function withNginx(work) {
  const inner = await freePort();
  const hop = (port, to) => `server { listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:${to}; } }`;
  const configuration = `access_log off; ${NAIVE} ${hop(PROXY_PORT, inner)} ${hop(inner, SERVER_PORT)}`;
  const proxy = await FrontProxy.start({ kind: "nginx", configuration, port: PROXY_PORT });
  try {
    return await work();
  } finally {
    await proxy.stop();
  }
}
