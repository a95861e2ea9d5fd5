/** What the template `http` is put into service with: the files of `holdfast deploy`, and what the project adds to them. */
import { generateDeployment } from "../deploy/index.js";
import { serviceName } from "./names.js";
import type { ProjectFacts, ProjectFile } from "./types.js";

const STATE_IN_IMAGE = "/data";

export function deploymentFiles({ name, holdfast }: Pick<ProjectFacts, "name" | "holdfast">): readonly ProjectFile[] {
  const service = serviceName(name);
  const publicUrl = publicUrlOf(name);
  const facts = { name: service, publicUrl, auth: "keys", storeDirectory: `/var/lib/${service}/store` } as const;
  const unit = generateDeployment("systemd", facts).map(({ path, content }) => ({ path: `deploy/${path}`, content }));
  const image = generateDeployment("docker", facts).map(({ path, content }) => ({ path, content }));
  const project = { publicUrl, vendored: holdfast.startsWith("file:vendor/") };
  return [...unit, ...image].map(({ path, content }) => ({ path, content: withProject(path, content, project) }));
}

/** A name to be replaced: nobody knows yet where the server will be. */
export function publicUrlOf(name: string): string {
  return `https://${serviceName(name)}.example.com`;
}

interface Project {
  readonly publicUrl: string;
  /** Holdfast comes from a file of the project. */
  readonly vendored: boolean;
}

function withProject(path: string, content: string, { publicUrl, vendored }: Project): string {
  if (path.endsWith(".env")) {
    return `${content}# What clients use: this host is then allowed, and URLs are made from it.\nPUBLIC_URL=${publicUrl}\n`;
  }
  // What was written while the server was tried out stays out of images.
  if (path === ".dockerignore") return `${content}data\ndist\n`;
  if (path === "Dockerfile") {
    const packages = vendored ? "COPY vendor ./vendor\n" : "";
    const install = behind(content, "COPY package.json package-lock.json ./\n", packages);
    return behind(install, `ENV MCP_STORE=lmdb:${STATE_IN_IMAGE}\n`, `ENV STATE_DIRECTORY=${STATE_IN_IMAGE}\n`);
  }
  if (path === "compose.yaml") {
    const line = `      # What clients use: this host is then allowed, and URLs are made from it.\n      PUBLIC_URL: ${publicUrl}\n`;
    return behind(content, "    environment:\n", line);
  }
  return content;
}

/** @throws Error where `holdfast deploy` has no such line any more: a test of each template would show it. */
function behind(content: string, line: string, addition: string): string {
  if (!content.includes(line)) throw new Error(`init: the generated file has no line ${JSON.stringify(line)}`);
  return content.replace(line, `${line}${addition}`);
}
