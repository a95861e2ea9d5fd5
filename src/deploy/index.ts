/** Configuration for what a server runs under and behind, generated for the server at hand. */
import { HoldfastError } from "../errors.js";
import { caddyFiles } from "./caddy.js";
import { containerFiles } from "./container.js";
import { type DeployFacts, type ResolvedFacts, resolveFacts } from "./facts.js";
import { haproxyFiles } from "./haproxy.js";
import { kubernetesFiles } from "./kubernetes.js";
import { nginxFiles } from "./nginx.js";
import { systemdFiles } from "./systemd.js";
import type { GeneratedFile } from "./types.js";

export type { AuthKind, CertificateFiles, DeployFacts } from "./facts.js";
export type { GeneratedFile } from "./types.js";

export type DeployTarget = "systemd" | "nginx" | "caddy" | "haproxy" | "docker" | "kubernetes";

const GENERATORS: Readonly<Record<DeployTarget, (facts: ResolvedFacts) => readonly GeneratedFile[]>> = {
  systemd: systemdFiles,
  nginx: nginxFiles,
  caddy: caddyFiles,
  haproxy: haproxyFiles,
  docker: containerFiles,
  kubernetes: kubernetesFiles,
};

export const DEPLOY_TARGETS: readonly DeployTarget[] = Object.keys(GENERATORS) as DeployTarget[];

/**
 * The files of one target.
 *
 * @throws HoldfastError (`ERR_CONFIG`) for an unknown target or a fact that cannot be used.
 *
 * @example
 * ```ts
 * for (const { path, content } of generateDeployment("nginx", { name: "tools", publicUrl: "https://tools.example.com" }))
 *   writeFileSync(path, content);
 * ```
 */
export function generateDeployment(target: DeployTarget, facts: DeployFacts): readonly GeneratedFile[] {
  if (!Object.hasOwn(GENERATORS, target)) {
    const text = `deploy: unknown target ${JSON.stringify(target)}. Targets: ${DEPLOY_TARGETS.join(", ")}.`;
    throw new HoldfastError("ERR_CONFIG", text);
  }
  return GENERATORS[target](resolveFacts(facts));
}
