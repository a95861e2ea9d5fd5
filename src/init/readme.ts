import { serviceName } from "./names.js";
import type { ProjectFacts } from "./types.js";

const BASIC_RUN = (name: string) => `## Run it

\`\`\`sh
npm ci
npm start          # HTTP on http://127.0.0.1:8000/mcp
npm run dev        # the same, started again at every change
\`\`\`

\`MCP_PORT=3000 npm start\` takes another port. To call a tool by hand, without a server that runs:

\`\`\`sh
npm run --silent call -- add_note title=Milk text="two bottles"
\`\`\`

Notes are kept in memory: they end with the process.

## Connect a client

**Claude Desktop** and other clients that start the server themselves, over stdio. Paths are absolute, because the client
starts it in a folder of its own choice:

\`\`\`json
{
  "mcpServers": {
    "${name}": {
      "command": "node",
      "args": [
        "/absolute/path/to/${name}/node_modules/holdfast/dist/cli.js",
        "run",
        "/absolute/path/to/${name}/src/server.ts"
      ]
    }
  }
}
\`\`\`

**Claude Code**, with \`npm start\` running:

\`\`\`sh
claude mcp add --transport http ${name} http://127.0.0.1:8000/mcp
\`\`\`
`;

const HTTP_RUN = (name: string) => `## Run it

\`\`\`sh
npm ci
npm start          # HTTP on http://127.0.0.1:8000/mcp
npm run dev        # the same, started again at every change
\`\`\`

Callers need a key. The first one was made with the project: it is in \`.env\`, which is not for git, and its hash is in
\`api-keys.json\`. With the server running:

\`\`\`sh
npm run --silent call -- add_note title=Milk text="two bottles"
\`\`\`

Another key, or one in place of a lost one: \`npx holdfast keys api --name ada\`. Give the key to its holder, put the entry
into \`api-keys.json\` with its permissions (\`notes:read\`, \`notes:write\`, \`notes:*\`), and start the server again.

| Variable | Default | Meaning |
| --- | --- | --- |
| \`MCP_PORT\`, \`MCP_HOST\` | 8000, 127.0.0.1 | where it listens |
| \`STATE_DIRECTORY\` | \`data\` | notes and the record of calls |
| \`API_KEYS_FILE\` | \`api-keys.json\` | who may come in |
| \`PUBLIC_URL\` | | what clients use, where a proxy stands in front |
| \`MCP_STORE\` | in the state directory | \`lmdb:DIR\` or \`memory\`, for the record of calls alone |

## Connect a client

**Claude Code**:

\`\`\`sh
claude mcp add --transport http ${name} http://127.0.0.1:8000/mcp --header "Authorization: Bearer KEY"
\`\`\`

**Any other client** that speaks Streamable HTTP or HTTP+SSE: the URL is \`http://127.0.0.1:8000/mcp\` (\`/sse\` for HTTP+SSE
alone), with the header \`Authorization: Bearer KEY\` or \`X-Api-Key: KEY\`.
`;

const TEST = (what: string) => `## Test it

\`\`\`sh
npm test           # ${what}
npm run types      # the types
\`\`\`

A call that is sent again with its key (\`Idempotency-Key\`, or \`_meta["dev.holdfast/idempotencyKey"]\`) does not run a second
time: it gets the recorded answer. A test shows it.
`;

const BASIC_DEPLOY = (service: string) => `## Deploy it

Clients that start the server need this folder and Node. As a service it needs to know who calls, and where to keep what
must not be lost: \`npx holdfast init --template http\` makes a project that has both. Configuration for systemd, nginx,
Caddy, HAProxy, Docker and Kubernetes:

\`\`\`sh
npx holdfast deploy nginx --name ${service} --public-url https://${service}.example.com
\`\`\`
`;

const HTTP_DEPLOY = (service: string) => `## Deploy it

Put the name that clients use in place of \`${service}.example.com\`, in \`deploy/${service}.env\` or \`compose.yaml\`.

**systemd**: copy the project to \`/opt/${service}\`, then

\`\`\`sh
cd /opt/${service} && npm ci && npm run build && npm prune --omit=dev
cp deploy/${service}.service /etc/systemd/system/
install -m 600 deploy/${service}.env /etc/${service}.env
systemctl daemon-reload && systemctl enable --now ${service}
\`\`\`

Notes and the record of calls are in \`/var/lib/${service}\`.

**Docker**: \`docker compose up -d --build\`; notes and the record of calls are in the volume \`store\`. The keys are in the
image: build it again when they change, or mount a file and name it in \`API_KEYS_FILE\`.

A reverse proxy stands in front of both, with TLS:

\`\`\`sh
npx holdfast deploy nginx --name ${service} --public-url https://${service}.example.com --auth keys
npx holdfast doctor https://${service}.example.com/mcp --header "Authorization: Bearer KEY"
\`\`\`
`;

const VENDORED = `
The package \`holdfast\` is installed from \`vendor/\`: that folder belongs into version control. To take it from a registry
instead, \`npm install holdfast@VERSION\` and delete the folder.
`;

function intro({ name }: ProjectFacts): string {
  return `# ${name}\n\nAn MCP server that keeps notes, made with Holdfast. Needs Node.js 20.19 or newer.\n`;
}

export function basicReadme(facts: ProjectFacts): string {
  const service = serviceName(facts.name);
  const files = "`src/server.ts` has two tools, a resource and a prompt. Change them into what your server is for.\n";
  const test = TEST("every protocol revision and every transport");
  return joined(facts, [intro(facts), files, BASIC_RUN(service), test, BASIC_DEPLOY(service)]);
}

export function httpReadme(facts: ProjectFacts): string {
  const service = serviceName(facts.name);
  const files =
    "`src/server.ts` has two tools, a resource and a prompt: change them into what your server is for. `src/notes.ts`\nkeeps the notes, `src/main.ts` serves them.\n";
  const test = TEST("every protocol revision, both HTTP transports, keys, a restart");
  return joined(facts, [intro(facts), files, HTTP_RUN(service), test, HTTP_DEPLOY(service)]);
}

function joined({ holdfast }: ProjectFacts, parts: readonly string[]): string {
  return `${parts.join("\n")}${holdfast.startsWith("file:vendor/") ? VENDORED : ""}`;
}
