/** What is to be made, and where: from the command line, or asked for on a terminal. */
import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { nameFor, nameProblem, TEMPLATE_NAMES, type TemplateName, templateAbout } from "../init/index.js";
import { CliError, EXIT, usage } from "./errors.js";
import { canAsk, question } from "./question.js";
import type { Invocation } from "./spec.js";
import { harmless } from "./terminal.js";

export interface Plan {
  /** Absolute. */
  readonly directory: string;
  readonly name: string;
  readonly template: TemplateName;
}

/** A repository without a commit is empty, for this purpose. */
const NOT_COUNTED: ReadonlySet<string> = new Set([".git", ".DS_Store"]);
const SHOWN_ENTRIES = 8;

export async function planOf({ operands, options }: Invocation): Promise<Plan> {
  const asks = canAsk() && options.json !== true;
  const directory = resolve(operands[0] ?? (asks ? await askDirectory() : "."));
  await assertUsable(directory, options.force === true);
  const name = await nameOf(options.name, directory, asks);
  const template = (options.template as TemplateName | undefined) ?? (asks ? await askTemplate() : "basic");
  return { directory, name, template };
}

/** Nothing of a person's work is in the way. */
async function assertUsable(directory: string, force: boolean): Promise<void> {
  const entries = await entriesOf(directory);
  const there = entries.map(({ name }) => name).filter((name) => !NOT_COUNTED.has(name));
  if (there.length === 0 || force) return;
  const shown = there.sort().slice(0, SHOWN_ENTRIES).join(", ");
  const more = there.length > SHOWN_ENTRIES ? ` and ${there.length - SHOWN_ENTRIES} more` : "";
  throw usage(
    `${directory} is not empty: ${shown}${more}.`,
    "Choose another folder, or say --force: files that are there are kept.",
  );
}

async function entriesOf(directory: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(directory, { withFileTypes: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return [];
    if (code === "ENOTDIR") throw usage(`${directory} is a file.`, "Choose another folder.");
    throw new CliError(EXIT.failed, `${directory} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

async function nameOf(given: unknown, directory: string, asks: boolean): Promise<string> {
  if (typeof given === "string") return checkedName(given);
  const usual = nameFor(basename(directory));
  if (asks) return askName(usual);
  if (usual !== undefined) return usual;
  throw usage(`No name can be made of ${JSON.stringify(basename(directory))}.`, "Give one: --name my-server");
}

function checkedName(name: string): string {
  const problem = nameProblem(name);
  if (problem === undefined) return name;
  const proposed = nameFor(name);
  const hint = proposed === undefined ? "For example: --name my-server" : `For example: --name ${proposed}`;
  throw usage(`${JSON.stringify(name)} is no name for a package: ${problem}.`, hint);
}

async function askDirectory(): Promise<string> {
  return (await answer("Folder (empty for this one): ")) || ".";
}

async function askName(usual: string | undefined): Promise<string> {
  for (;;) {
    const name = (await answer(usual === undefined ? "Name: " : `Name (${usual}): `)) || (usual ?? "");
    const problem = nameProblem(name);
    if (problem === undefined) return name;
    process.stderr.write(`${harmless(JSON.stringify(name))} is no name for a package: ${problem}.\n`);
  }
}

async function askTemplate(): Promise<TemplateName> {
  process.stderr.write(TEMPLATE_NAMES.map((name) => `  ${name.padEnd(6)} ${templateAbout(name)}\n`).join(""));
  for (;;) {
    const given = (await answer("Template (basic): ")) || "basic";
    const template = TEMPLATE_NAMES.find((name) => name === given);
    if (template !== undefined) return template;
    process.stderr.write(`There is ${TEMPLATE_NAMES.join(" and ")}.\n`);
  }
}

async function answer(text: string): Promise<string> {
  const given = await question(text);
  if (given === undefined) throw new CliError(EXIT.interrupted, "Cancelled. Nothing was written.");
  return given.trim();
}
