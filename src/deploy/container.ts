/** An image and how it runs on one machine. */
import type { ResolvedFacts } from "./facts.js";
import { seconds } from "./facts.js";
import type { GeneratedFile } from "./types.js";

/** What the process needs beside its calls before it is killed. */
const STOP_MARGIN_S = 10;
const STORE_IN_IMAGE = "/data";

export function containerFiles(facts: ResolvedFacts): readonly GeneratedFile[] {
  const beside = "beside package.json";
  return [
    { path: "Dockerfile", content: dockerfileOf(facts), install: `${beside}, then: docker build -t ${facts.image} .` },
    { path: ".dockerignore", content: "node_modules\n.git\n*.env\n.env*\n", install: beside },
    { path: "compose.yaml", content: composeOf(facts), install: `${beside}, then: docker compose up -d` },
  ];
}

/** The program inside the image: `node` from PATH, whatever the path on this machine is. */
export function commandInImage({ command }: Pick<ResolvedFacts, "command">): readonly string[] {
  const [program = "node", ...rest] = command;
  return [program.split("/").at(-1) ?? program, ...rest];
}

function dockerfileOf(facts: ResolvedFacts): string {
  const { port, path, graceMs, storeDirectory } = facts;
  const store =
    storeDirectory === undefined
      ? ""
      : `RUN mkdir ${STORE_IN_IMAGE} && chown node:node ${STORE_IN_IMAGE}
ENV MCP_STORE=lmdb:${STORE_IN_IMAGE}
VOLUME ${STORE_IN_IMAGE}
`;
  return `# ${facts.description}
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY . .
RUN npm run build --if-present && npm prune --omit=dev

FROM node:22-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production
# Inside the container it listens for the proxy outside; who may reach the port is decided by what publishes it.
ENV MCP_TRANSPORT=http MCP_HOST=0.0.0.0 MCP_PORT=${port} MCP_PATH=${path} MCP_GRACE_MS=${graceMs}
COPY --from=build --chown=root:root /app ./
${store}USER node
EXPOSE ${port}
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \\
  CMD ["node", "-e", "fetch('http://127.0.0.1:${port}/health').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# The list form: no shell stands between SIGTERM and the server.
CMD ${JSON.stringify(commandInImage(facts))}
`;
}

function composeOf(facts: ResolvedFacts): string {
  const { name, image, port, graceMs, storeDirectory, auth } = facts;
  const open =
    auth === "none"
      ? `      # The server asks nobody who they are. Right only as long as nothing but the proxy reaches the port below.
      MCP_ALLOW_UNAUTHENTICATED: "true"
`
      : "";
  const volume = storeDirectory === undefined ? "" : `    volumes:\n      - store:${STORE_IN_IMAGE}\n`;
  const volumes = storeDirectory === undefined ? "" : "\nvolumes:\n  store: {}\n";
  return `# ${facts.description} as ${facts.publicUrl.href}
services:
  ${name}:
    image: ${image}
    build: .
    restart: unless-stopped
    # Ends what tools leave behind; passes SIGTERM on.
    init: true
    # Above MCP_GRACE_MS (${graceMs}): calls in flight end before the container is killed.
    stop_grace_period: ${seconds(graceMs) + STOP_MARGIN_S}s
    environment:
      # Seals session ids; the same after a restart, or every client starts anew: openssl rand -base64 32
      MCP_SECRET: "\${MCP_SECRET:?set it in .env}"
${open}    # Of this machine only: the reverse proxy stands in front.
    ports:
      - "127.0.0.1:${port}:${port}"
    read_only: true
    tmpfs:
      - /tmp
    cap_drop:
      - ALL
    security_opt:
      - "no-new-privileges:true"
${volume}${volumes}`;
}
