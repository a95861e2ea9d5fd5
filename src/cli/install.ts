import { existsSync } from "node:fs";
import { dirname } from "node:path";
import {
  type Change,
  CLIENTS,
  type ConfigFile,
  entryOf,
  InstallError,
  isBeyondPlainJson,
  putEntry,
  readConfig,
  removeEntry,
  serverNames,
  writeConfig,
} from "../install/index.js";
import { CliError, EXIT, type ExitCode, usage } from "./errors.js";
import { type InstallRequest, requestOf, systemHere } from "./install-request.js";
import { canAsk, confirmed } from "./question.js";
import type { Action, Invocation } from "./spec.js";
import { didYouMean } from "./suggest.js";
import { harmless, paletteOf, table } from "./terminal.js";
import { unifiedPatch } from "./unified-patch.js";

/** `holdfast install`: the clients, or one server into one of them. */
export const install: Action = async (invocation) => {
  const { operands, options, rest } = invocation;
  if (operands.length === 0 && rest === undefined) return listClients(options.json === true);
  const request = requestOf(invocation);
  try {
    return await carryOut(request, options);
  } catch (error) {
    if (!(error instanceof InstallError)) throw error;
    throw asCliError(error, request);
  }
};

function asCliError({ code, message, hint, cause }: InstallError, { path, name }: InstallRequest): CliError {
  // What was found inside the file comes without its name.
  const inside = code === "ERR_INSTALL_SYNTAX" || code === "ERR_INSTALL_SHAPE" || code === "ERR_INSTALL_UNSAFE";
  const where = inside && !message.startsWith(path) ? `${path}: ${message}.` : message;
  const next = hint ?? (inside ? `Nothing was changed. Mend the file, then install ${name} again.` : undefined);
  return new CliError(code === "ERR_INSTALL_UNSUPPORTED" ? EXIT.usage : EXIT.failed, where, { cause, hint: next });
}

function listClients(json: boolean): ExitCode {
  const system = systemHere();
  const rows = CLIENTS.flatMap(({ id, title, files }) =>
    Object.entries(files).map(([scope, file]) => {
      const path = file(system);
      return { client: id, title, scope, file: path, exists: existsSync(path) };
    }),
  );
  if (json) process.stdout.write(`${JSON.stringify({ clients: rows }, undefined, 2)}\n`);
  else {
    const { bold, dim } = paletteOf(process.stdout);
    const cells = rows.map(({ client, scope, file, exists }) => [
      bold(client),
      scope,
      exists ? "there" : dim("not there"),
      file,
    ]);
    process.stdout.write(`${table(cells)}\n`);
    process.stderr.write("holdfast install CLIENT TARGET puts a server into one of them.\n");
  }
  return EXIT.ok;
}

async function carryOut(request: InstallRequest, options: Invocation["options"]): Promise<ExitCode> {
  const { client, name, path, server } = request;
  const file = await readConfig(path);
  const isNew = file.bytes === undefined;
  // What is left of a new file, when the server is taken out again, is a document: not every client takes a blank file.
  const text = isNew && client.format !== "toml" ? "{}\n" : file.text;
  const change =
    server === undefined
      ? removeEntry(text, client, name)
      : putEntry(text, client, { name, entry: entryOf(client, server) });
  if (change.action === "absent") throw absent(request, file);
  const dryRun = options.dryRun === true;
  const notices = [...request.notices, ...noticesOf(request, file, change)];
  if (change.action === "replaced" && !dryRun) await assertWanted(request, options);
  const writes = !dryRun && change.action !== "unchanged";
  const shared = request.scope === "project";
  const backup = writes ? await writeConfig(file, { text: change.text, shared, now: new Date() }) : undefined;
  report({ request, file, change, notices, backup, isNew }, { dryRun, json: options.json === true });
  return EXIT.ok;
}

function absent({ client, name, path }: InstallRequest, { text }: ConfigFile): CliError {
  const names = serverNames(text, client);
  return new CliError(EXIT.failed, `There is no server ${JSON.stringify(name)} in ${path}.`, {
    hint: didYouMean(name, names) ?? "There is none at all.",
  });
}

function noticesOf({ client, path, scope }: InstallRequest, file: ConfigFile, { text }: Change): readonly string[] {
  const notices: string[] = [];
  if (isBeyondPlainJson(text, client)) {
    notices.push(`The file has comments or trailing commas, which ${client.title} may not read.`);
  }
  if (file.bytes === undefined && scope === "user" && !existsSync(dirname(path))) {
    notices.push(`There was no folder ${dirname(path)}: is ${client.title} installed for this user?`);
  }
  return notices;
}

/** Somebody wrote the entry that is there: a typing error in a name must not be the end of it. */
async function assertWanted({ name, path }: InstallRequest, options: Invocation["options"]): Promise<void> {
  if (options.force === true) return;
  const what = `There is another server ${JSON.stringify(name)} in ${path}.`;
  if (!canAsk() || options.json === true) {
    throw usage(what, "Replace it with --force, see the change with --dry-run, or choose another --name.");
  }
  if (!(await confirmed(`${harmless(what)} Replace it? (yes or no) `)))
    throw new CliError(EXIT.interrupted, "Cancelled.");
}

interface Done {
  readonly request: InstallRequest;
  readonly file: ConfigFile;
  readonly change: Change;
  readonly notices: readonly string[];
  readonly backup: string | undefined;
  readonly isNew: boolean;
}

function report(done: Done, { dryRun, json }: { readonly dryRun: boolean; readonly json: boolean }): void {
  const { request, change, notices, backup, isNew } = done;
  const { client, name, path, scope } = request;
  const patch = dryRun ? patchOf(done) : undefined;
  if (json) {
    const facts = {
      client: client.id,
      scope,
      file: path,
      name,
      action: change.action,
      dryRun,
      created: isNew && !dryRun,
    };
    const result = { ...facts, ...(backup && { backup }), ...(patch !== undefined && { patch }), notices };
    process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
    return;
  }
  if (patch === undefined) process.stdout.write(`${WORDS[change.action]} ${name}: ${harmless(path)}\n`);
  else process.stdout.write(coloured(patch));
  const { dim, cyan } = paletteOf(process.stderr);
  const lines = notices.map((notice) => `${cyan("note:")} ${harmless(notice)}`);
  if (backup !== undefined) lines.push(dim(`Before: ${harmless(backup)}`));
  if (dryRun) lines.push(dim("Nothing was changed."));
  else if (change.action !== "unchanged") lines.push(client.reload);
  process.stderr.write(lines.map((line) => `${line}\n`).join(""));
}

const WORDS: Readonly<Record<Change["action"], string>> = {
  added: "Added",
  replaced: "Replaced",
  unchanged: "Already there, as it should be:",
  removed: "Removed",
  absent: "Not there:",
};

function patchOf({ request: { path }, file, change, isNew }: Done): string {
  return unifiedPatch({ before: file.text, after: change.text, from: isNew ? "/dev/null" : path, to: path });
}

/** For a terminal; what goes to a file or a program is the patch itself. */
function coloured(patch: string): string {
  if (process.stdout.isTTY !== true) return patch;
  const { bold, red, green, cyan } = paletteOf(process.stdout);
  const paint = (line: string) => {
    if (/^(---|\+\+\+) /.test(line)) return bold(line);
    if (line.startsWith("@@")) return cyan(line);
    return line.startsWith("+") ? green(line) : line.startsWith("-") ? red(line) : line;
  };
  return patch
    .split("\n")
    .map((line) => paint(harmless(line.replace(/\r$/, ""))))
    .join("\n");
}
