/** [89] What is generated besides proxies and units, and what no fact can bring into a file that root reads. */
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import {
  DEPLOY_TARGETS,
  type DeployFacts,
  type DeployTarget,
  type GeneratedFile,
  generateDeployment,
} from "../../src/deploy/index.js";
import { HoldfastError } from "../../src/index.js";
import { FETCH_TIMEOUT_MS, type Program, requireProgram } from "../support/debian.js";

const PLAIN: DeployFacts = { name: "tools", publicUrl: "https://tools.example.com", auth: "keys" };
const FULL: DeployFacts = {
  ...PLAIN,
  publicUrl: "https://example.com/tools",
  auth: "oauth",
  storeDirectory: "/var/lib/tools",
  graceMs: 30_000,
};

const fileOf = (target: DeployTarget, path: string, facts: DeployFacts): string => {
  const file = generateDeployment(target, facts).find((one: GeneratedFile) => one.path === path);
  if (file === undefined) throw new Error(`${target} makes no ${path}`);
  return file.content;
};

describe("facts", () => {
  /** What ends a value or begins something else in one of the formats. */
  const breaking = fc.constantFrom("\n", "\r", '"', "'", ";", "{", "}", "$", "#", "\\", "`", "\0", "%", "|", "&", "<");
  const fields = [
    "name",
    "description",
    "workingDirectory",
    "user",
    "path",
    "storeDirectory",
    "image",
    "host",
  ] as const;

  test("that would become more than a value are refused, whatever stands around", () => {
    fc.assert(
      fc.property(fc.constantFrom(...fields), fc.string(), breaking, fc.string(), (field, before, mark, after) => {
        const facts = { ...PLAIN, [field]: `${before}${mark}${after}` };
        for (const target of DEPLOY_TARGETS) expect(() => generateDeployment(target, facts)).toThrow(HoldfastError);
      }),
    );
  });

  test("that would become more than a value are refused in the command, the certificate and the URL too", () => {
    const facts: readonly DeployFacts[] = [
      { ...PLAIN, command: ["/usr/bin/node", "a b"] },
      { ...PLAIN, command: ["/usr/bin/node\nUser=root"] },
      { ...PLAIN, tls: { certificate: "/a;b", key: "/b" } },
      { ...PLAIN, publicUrl: "https://user:secret@tools.example.com" },
      { ...PLAIN, publicUrl: "https://tools.example.com/a;b" },
      { ...PLAIN, publicUrl: "ftp://tools.example.com" },
      { ...PLAIN, port: 0 },
      { ...PLAIN, graceMs: -1 },
    ];
    for (const one of facts) expect(() => generateDeployment("nginx", one)).toThrow(HoldfastError);
  });

  test("that cannot be together are refused", () => {
    expect(() => generateDeployment("kubernetes", { ...FULL, replicas: 2 })).toThrow(/replicas/);
    expect(() => generateDeployment("nginx", { ...PLAIN, keepAliveMs: 60_000, idleTimeoutMs: 60_000 })).toThrow(/idle/);
    expect(() => generateDeployment("iis" as DeployTarget, PLAIN)).toThrow(/unknown target/);
  });

  test("every target says where its files belong", () => {
    for (const target of DEPLOY_TARGETS) {
      for (const { install, path } of generateDeployment(target, FULL)) {
        expect(install).not.toBe("");
        expect(path).toMatch(/^[A-Za-z.-]+$/);
      }
    }
  });
});

describe("[89] time to stop", () => {
  test("a container has longer than calls in flight", () => {
    const compose = fileOf("docker", "compose.yaml", FULL);
    expect(Number(/stop_grace_period: (\d+)s/.exec(compose)?.[1])).toBeGreaterThan(30);
    // Started without a shell, so that the signal reaches it.
    expect(fileOf("docker", "Dockerfile", FULL)).toMatch(/^CMD \["node","dist\/main\.js"\]$/m);
  });

  test("a server without authentication says so wherever it listens on more than loopback", () => {
    const open = { ...PLAIN, auth: "none" } as const;
    for (const [target, path] of [
      ["docker", "compose.yaml"],
      ["kubernetes", "tools.yaml"],
    ] as const) {
      expect(fileOf(target, path, open)).toContain("MCP_ALLOW_UNAUTHENTICATED");
      expect(fileOf(target, path, PLAIN)).not.toContain("MCP_ALLOW_UNAUTHENTICATED");
    }
  });
});

interface Manifest {
  readonly kind: string;
  readonly spec: Record<string, unknown>;
}

interface PodTemplate {
  readonly spec: {
    readonly terminationGracePeriodSeconds: number;
    readonly containers: readonly {
      readonly lifecycle: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } };
      readonly readinessProbe: { readonly httpGet: object };
      readonly livenessProbe: { readonly httpGet: object };
    }[];
  };
}

describe("[89] Kubernetes, read by kubectl", () => {
  let kubectl: Program;
  beforeAll(async () => {
    kubectl = await requireProgram("kubectl", "kubernetes-client");
  }, FETCH_TIMEOUT_MS);

  /** Without a cluster. `set` goes through the types of the API and drops what they do not have; `label` keeps everything. */
  function read(manifests: string, ...command: readonly string[]): readonly Manifest[] {
    const env = { ...process.env, ...kubectl.env, KUBECONFIG: "/dev/null" };
    const args = [...command.slice(0, -1), "--local", "-f", "-", "-o", "json", ...command.slice(-1)];
    const { stdout, stderr } = spawnSync(kubectl.path, args, { env, input: manifests });
    const objects = stdout.toString().split(/^(?=\{$)/m);
    expect(objects.length, stderr.toString()).toBeGreaterThan(0);
    return objects.map((text) => JSON.parse(text) as Manifest);
  }

  test.each([
    ["several pods", PLAIN, ["Deployment", "Service", "Ingress"]],
    ["one pod with its store", FULL, ["Deployment", "Service", "Ingress", "PersistentVolumeClaim"]],
  ])("%s: every field is one of the API", (_, facts, kinds) => {
    const manifests = fileOf("kubernetes", "tools.yaml", facts);
    const written = read(manifests, "label", "checked=yes");
    expect(written.map(({ kind }) => kind)).toEqual(kinds);
    const [typed] = read(manifests, "set", "env", "CHECKED=yes");
    const missing = pathsOf(written[0]).filter((path) => !pathsOf(typed).includes(path));
    expect(missing).toEqual(["metadata.labels.checked"]);
  });

  test("a pod is killed after preStop and calls in flight, and starts ready to be asked", () => {
    const [deployment] = read(fileOf("kubernetes", "tools.yaml", FULL), "label", "checked=yes");
    const template = deployment?.spec.template as PodTemplate | undefined;
    const [container] = template?.spec.containers ?? [];
    const waits = Number(container?.lifecycle.preStop.exec.command.at(-1));
    expect(template?.spec.terminationGracePeriodSeconds).toBeGreaterThan(30 + waits);
    expect(container?.readinessProbe.httpGet).toMatchObject({ path: "/ready" });
    expect(container?.livenessProbe.httpGet).toMatchObject({ path: "/health" });
    expect(deployment?.spec.strategy).toEqual({ type: "Recreate" });
  });
});

function pathsOf(value: unknown, at = ""): readonly string[] {
  if (typeof value !== "object" || value === null) return [at];
  return Object.entries(value).flatMap(([key, one]) => pathsOf(one, at === "" ? key : `${at}.${key}`));
}
