/** What the command line of `holdfast install` asks for. */
import { homedir } from "node:os";
import { resolve } from "node:path";
import {
  CLIENTS,
  type ClientSpec,
  isClearText,
  launchOfCommand,
  launchOfFile,
  nameOfCommand,
  nameOfFile,
  nameOfUrl,
  type Scope,
  SERVER_NAME,
  type ServerAt,
  type Surroundings,
  type System,
} from "../install/index.js";
import { headersOf } from "./connection-options.js";
import { usage } from "./errors.js";
import type { Invocation } from "./spec.js";
import { didYouMean } from "./suggest.js";
import { type Target, targetOf } from "./target.js";

export interface InstallRequest {
  readonly client: ClientSpec;
  readonly scope: Scope;
  /** The client's file. */
  readonly path: string;
  readonly name: string;
  /** Undefined where the server is to be taken out. */
  readonly server: ServerAt | undefined;
  readonly notices: readonly string[];
}

export function systemHere(): System {
  return { platform: process.platform, home: homedir(), env: process.env, cwd: process.cwd() };
}

/** @throws CliError for what cannot be meant. */
export function requestOf(invocation: Invocation): InstallRequest {
  const [given = "", ...words] = invocation.operands;
  const client = clientNamed(given);
  const scope: Scope = invocation.options.scope === "project" ? "project" : "user";
  const path = pathFor(client, scope, invocation.options.config);
  const remove = invocation.options.remove === true;
  const target = targetFor(words, invocation, remove);
  const name = nameFor(target, invocation.options.name, remove);
  if (target === undefined || remove) return { client, scope, path, name, server: undefined, notices: [] };
  return { client, scope, path, name, ...serverFor(target, invocation.options, { client, scope }) };
}

function clientNamed(given: string): ClientSpec {
  const client = CLIENTS.find(({ id }) => id === given);
  if (client !== undefined) return client;
  const ids = CLIENTS.map(({ id }) => id);
  throw usage(`There is no client ${JSON.stringify(given)}.`, didYouMean(given, ids));
}

function pathFor(client: ClientSpec, scope: Scope, config: unknown): string {
  if (typeof config === "string") return resolve(config);
  const path = client.files[scope]?.(systemHere());
  if (path !== undefined) return path;
  throw usage(`${client.title} has no file for a ${scope}.`, "Leave --scope out, or give the file with --config.");
}

function targetFor(operands: readonly string[], { options, rest }: Invocation, remove: boolean): Target | undefined {
  if (remove && operands.length === 0 && rest === undefined) return undefined;
  // To take a server out, its file need not be there any more; the name of the file is enough.
  if (remove && typeof options.name === "string") return undefined;
  const { target, words } = targetOf({ operands, options, rest });
  if (words.length > 0) throw usage(`install takes one server and nothing else: ${words.join(" ")} is too much.`);
  return target;
}

function nameFor(target: Target | undefined, given: unknown, remove: boolean): string {
  if (typeof given === "string") {
    if (remove || SERVER_NAME.test(given)) return given;
    throw usage(`--name: ${JSON.stringify(given)} is no name.`, "Letters, digits, - and _, up to 64 of them.");
  }
  if (target === undefined) throw usage("Which server is to be taken out?", "Give --name NAME, or the target again.");
  if (target.kind === "url") return nameOfUrl(target.url);
  return target.kind === "file" ? nameOfFile(target.file) : nameOfCommand([target.command, ...target.args]);
}

interface ServerAndNotices {
  readonly server: ServerAt;
  readonly notices: readonly string[];
}

function serverFor(
  target: Target,
  { env, header }: Invocation["options"],
  { client, scope }: Pick<InstallRequest, "client" | "scope">,
): ServerAndNotices {
  const pairs = (env as readonly string[] | undefined) ?? [];
  const lines = (header as readonly string[] | undefined) ?? [];
  if (target.kind === "url") {
    if (pairs.length > 0) throw usage("--env is for servers that the client starts; a URL is served already.");
    const headers = namedHeaders(lines);
    const notices = clearText(headers, client, (name, value) => {
      return `--header '${name}: ${/^Bearer\s/i.test(value) ? "Bearer " : ""}\${env:NAME}'`;
    });
    return { server: { kind: "url", url: target.url.href, headers }, notices };
  }
  if (lines.length > 0) throw usage("--header is for URLs.", "A server that is started takes --env KEY=value.");
  const around = surroundings();
  const launch =
    target.kind === "file"
      ? launchOfFile(target.file, around)
      : launchOfCommand([target.command, ...target.args], around);
  const variables = variablesOf(pairs);
  const secrets = Object.fromEntries(Object.entries(variables).filter(([name]) => SECRET.test(name)));
  const notices = [...launch.notices, ...clearText(secrets, client, (name) => `--env '${name}=\${env:${name}}'`)];
  if (scope === "project")
    notices.push("The entry holds paths of this machine; others who share the file have other ones.");
  return { server: { kind: "command", command: launch.command, args: launch.args, env: variables }, notices };
}

function surroundings(): Surroundings {
  const { env, platform, execPath, argv } = process;
  return { env, platform, execPath, cwd: process.cwd(), cli: argv[1] ?? "" };
}

const SECRET = /token|key|secret|password|passwd|credential/i;

function clearText(
  values: Readonly<Record<string, string>>,
  { title, reference }: ClientSpec,
  better: (name: string, value: string) => string,
): readonly string[] {
  return Object.entries(values)
    .filter(([, value]) => isClearText(value))
    .map(([name, value]) => {
      const warning = `${name} is written in clear text, for everybody who can read the file.`;
      return reference === "none"
        ? warning
        : `${warning} ${title} can take it from its environment: ${better(name, value)}`;
    });
}

/** With their names as they were typed: people will read them in the file. */
function namedHeaders(lines: readonly string[]): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const value = Object.values(headersOf([line]))[0] ?? "";
    headers[line.slice(0, line.indexOf(":")).trim()] = value;
  }
  return headers;
}

function variablesOf(pairs: readonly string[]): Readonly<Record<string, string>> {
  const variables = pairs.map((pair) => {
    const [, name, value] = /^([A-Za-z_]\w*)=([^\0]*)$/.exec(pair) ?? [];
    // The pair is not repeated: it may hold a credential.
    if (name === undefined || value === undefined)
      throw usage("--env needs KEY=value.", "For example: --env LOG=debug");
    return [name, value];
  });
  return Object.fromEntries(variables) as Readonly<Record<string, string>>;
}
