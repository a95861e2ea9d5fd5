import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  type AuthKind,
  DEPLOY_TARGETS,
  type DeployFacts,
  type DeployTarget,
  type GeneratedFile,
  generateDeployment,
} from "../deploy/index.js";
import { HoldfastError } from "../errors.js";
import { EXIT, usage } from "./errors.js";
import type { Action, Invocation } from "./spec.js";
import { didYouMean } from "./suggest.js";
import { paletteOf } from "./terminal.js";

/** `holdfast deploy TARGET`: prints what it makes, or writes it with `--out`. */
export const deploy: Action = async ({ operands, options }) => {
  const target = targetOf(operands[0]);
  const files = generate(target, factsOf(options));
  if (options.json === true) process.stdout.write(`${JSON.stringify({ target, files }, undefined, 2)}\n`);
  else if (typeof options.out !== "string") print(files);
  if (typeof options.out === "string") await write(files, options.out, options);
  return EXIT.ok;
};

function targetOf(given: string | undefined): DeployTarget {
  const target = DEPLOY_TARGETS.find((one) => one === given);
  if (target !== undefined) return target;
  if (given === undefined) throw usage("deploy needs a target.", `Targets: ${DEPLOY_TARGETS.join(", ")}.`);
  throw usage(`There is no target ${JSON.stringify(given)}.`, didYouMean(given, DEPLOY_TARGETS));
}

function generate(target: DeployTarget, facts: DeployFacts): readonly GeneratedFile[] {
  try {
    return generateDeployment(target, facts);
  } catch (error) {
    if (error instanceof HoldfastError) throw usage(error.message);
    throw error;
  }
}

/** Each option is a fact of the same name; numbers are checked where all facts are. */
function factsOf(options: Invocation["options"]): DeployFacts {
  const text = (name: string) => (typeof options[name] === "string" ? (options[name] as string) : undefined);
  const number = (name: string) => (text(name) === undefined ? undefined : Number(text(name)));
  const [certificate, key] = [text("certificate"), text("key")];
  if ((certificate === undefined) !== (key === undefined)) throw usage("--certificate and --key belong together.");
  const [name, publicUrl] = [text("name"), text("publicUrl")];
  if (name === undefined || publicUrl === undefined) {
    throw usage(
      "deploy needs --name and --public-url.",
      "For example: --name tools --public-url https://tools.example.com",
    );
  }
  const facts = {
    name,
    publicUrl,
    host: text("host"),
    port: number("port"),
    path: text("path"),
    command: text("command")?.split(/\s+/).filter(Boolean),
    workingDirectory: text("workingDirectory"),
    user: text("user"),
    auth: text("auth") as AuthKind | undefined,
    storeDirectory: text("store"),
    graceMs: number("graceMs"),
    keepAliveMs: number("keepAliveMs"),
    maxBodyBytes: number("maxBodyBytes"),
    idleTimeoutMs: number("idleTimeoutMs"),
    image: text("image"),
    replicas: number("replicas"),
    tls: certificate === undefined || key === undefined ? undefined : { certificate, key },
  };
  const given = Object.entries(facts).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as unknown as DeployFacts;
}

/** One file goes to stdout alone, so that it can be sent on; of several, each has its name in a comment above it. */
function print(files: readonly GeneratedFile[]): void {
  const { bold, dim } = paletteOf(process.stderr);
  for (const { path, content, install } of files) {
    process.stderr.write(`${bold(path)}\n${dim(install)}\n`);
    if (files.length > 1) process.stdout.write(`# ---- ${path} ----\n`);
    process.stdout.write(content.endsWith("\n") ? content : `${content}\n`);
  }
  if (files.length > 1) process.stderr.write(`${files.length} files: --out FOLDER writes each of them.\n`);
}

async function write(files: readonly GeneratedFile[], out: string, options: Invocation["options"]): Promise<void> {
  const { bold, dim } = paletteOf(process.stderr);
  const there = files.map(({ path }) => join(out, path)).filter((path) => existsSync(path));
  if (there.length > 0 && options.force !== true) {
    throw usage(`${there.join(", ")} would be written over.`, "Choose another folder, or say --force.");
  }
  for (const { path, content, install } of files) {
    const file = join(out, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    process.stderr.write(`${bold(file)}\n${dim(install)}\n`);
  }
}
