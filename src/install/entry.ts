/** What is written for a server: its members in the shape of one client. */
import type { ClientSpec } from "./clients.js";
import { InstallError } from "./errors.js";

export type Value = string | number | boolean | null | readonly Value[] | { readonly [name: string]: Value };
export type Entry = Readonly<Record<string, Value>>;

export type ServerAt =
  | {
      readonly kind: "command";
      readonly command: string;
      readonly args: readonly string[];
      readonly env: Readonly<Record<string, string>>;
    }
  | { readonly kind: "url"; readonly url: string; readonly headers: Readonly<Record<string, string>> };

/** Members that say where the server is. All others, such as `disabled`, are the user's and stay when an entry is replaced. */
const OF_COMMAND: ReadonlySet<string> = new Set(["command", "args", "env", "env_vars"]);
const OF_URL: ReadonlySet<string> = new Set([
  "url",
  "serverUrl",
  "headers",
  "http_headers",
  "env_http_headers",
  "bearer_token_env_var",
]);
/** Of those, what holds values that were given on purpose: it stays where the command line gives none. */
const GIVEN: ReadonlySet<string> = new Set([
  "env",
  "env_vars",
  "headers",
  "http_headers",
  "env_http_headers",
  "bearer_token_env_var",
]);

export function isOurs(member: string): boolean {
  return member === "type" || OF_COMMAND.has(member) || OF_URL.has(member);
}

/** @throws InstallError when the client has no way to say it. */
export function entryOf(client: ClientSpec, server: ServerAt): Entry {
  return server.kind === "command" ? commandEntry(client, server) : urlEntry(client, server);
}

type CommandAt = Extract<ServerAt, { readonly kind: "command" }>;
type UrlAt = Extract<ServerAt, { readonly kind: "url" }>;

function commandEntry(client: ClientSpec, { command, args, env }: CommandAt): Entry {
  const start: Entry = { ...(client.typed && { type: "stdio" }), command, args };
  if (client.reference === "by-field") return { ...start, ...envByField(client, env) };
  const values = inWordsOf(client, env);
  return Object.keys(values).length === 0 ? start : { ...start, env: values };
}

function urlEntry(client: ClientSpec, { url, headers }: UrlAt): Entry {
  const { remote } = client;
  if (remote === undefined) {
    throw new InstallError("ERR_INSTALL_UNSUPPORTED", `${client.title} takes commands in its file, and no URLs.`, {
      hint: client.instead,
    });
  }
  const where = { ...(client.typed && { type: "http" }), [remote.url]: url };
  if (client.reference === "by-field") return { ...where, ...headersByField(headers) };
  const values = inWordsOf(client, headers);
  return Object.keys(values).length === 0 ? where : { ...where, [remote.headers]: values };
}

/** How a value names a variable on our command line. */
const MARK = `\${env:`;
const REFERENCE = /\$\{env:(\w+)\}/g;

/** True where the value itself is in the file, for everybody who may read it. */
export function isClearText(value: string): boolean {
  return (
    value
      .replace(REFERENCE, "")
      .replace(/\$\{input:[\w-]+\}/g, "")
      .replace(/^Bearer\s*$/i, "") !== ""
  );
}

function inWordsOf(client: ClientSpec, values: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const written = Object.entries(values).map(([name, value]) => {
    if (client.reference === "none" && /\$\{(env|input):/.test(value)) {
      throw new InstallError("ERR_INSTALL_UNSUPPORTED", `${client.title} does not replace \${env:…} in its file.`, {
        hint: `Give ${name} its value, or let the server read it from a file.`,
      });
    }
    if (client.reference !== "shell") return [name, value];
    return [name, value.replace(REFERENCE, (_, variable: string) => `\${${variable}}`)];
  });
  return Object.fromEntries(written) as Readonly<Record<string, string>>;
}

/** Codex names variables in members of their own; it replaces nothing inside a value. */
function envByField({ title }: ClientSpec, env: CommandAt["env"]): Entry {
  const plain = Object.entries(env).filter(([, value]) => !value.includes(MARK));
  const passed = Object.entries(env).filter(([, value]) => value.includes(MARK));
  const renamed = passed.find(([name, value]) => value !== `\${env:${name}}`);
  if (renamed !== undefined) {
    throw new InstallError("ERR_INSTALL_UNSUPPORTED", `${title} passes a variable on under its own name only.`, {
      hint: `Give --env '${renamed[0]}=\${env:${renamed[0]}}', or the value itself.`,
    });
  }
  return {
    ...(plain.length > 0 && { env: Object.fromEntries(plain) }),
    ...(passed.length > 0 && { env_vars: passed.map(([name]) => name) }),
  };
}

function headersByField(headers: UrlAt["headers"]): Entry {
  const plain: Record<string, string> = {};
  const fromEnv: Record<string, string> = {};
  let bearer: string | undefined;
  for (const [name, value] of Object.entries(headers)) {
    const variable = /^(Bearer\s+)?\$\{env:(\w+)\}$/i.exec(value);
    if (variable?.[1] !== undefined && name.toLowerCase() === "authorization") bearer = variable[2];
    else if (variable?.[1] === undefined && variable?.[2] !== undefined) fromEnv[name] = variable[2];
    else if (!value.includes(MARK)) plain[name] = value;
    else {
      throw new InstallError("ERR_INSTALL_UNSUPPORTED", "Codex takes a variable as the whole value of a header only.", {
        hint: `Put the whole value of ${name} into the variable; for Authorization, "Bearer \${env:NAME}" works as well.`,
      });
    }
  }
  return {
    ...(bearer !== undefined && { bearer_token_env_var: bearer }),
    ...(Object.keys(plain).length > 0 && { http_headers: plain }),
    ...(Object.keys(fromEnv).length > 0 && { env_http_headers: fromEnv }),
  };
}

/** The entry that takes the place of one that is there: where the server is comes from the new one, the rest stays. */
export function mergedEntry(before: Entry, fresh: Entry): Entry {
  const ours = "command" in fresh ? OF_COMMAND : OF_URL;
  const givesAny = Object.keys(fresh).some((name) => GIVEN.has(name));
  const keeps = (name: string) => !isOurs(name) || (!givesAny && GIVEN.has(name) && ours.has(name));
  // A kind that the user wrote by hand is right where the client does not ask for one.
  const { type } = before;
  const all: Record<string, Value> = { ...(type !== undefined && isOfKind(type, fresh) && { type }), ...fresh };
  for (const [name, value] of Object.entries(before)) if (keeps(name)) all[name] = value;
  const order = [...new Set([...Object.keys(before), ...Object.keys(fresh)])].filter((name) => name in all);
  return Object.fromEntries(order.map((name) => [name, all[name] as Value]));
}

function isOfKind(type: Value, fresh: Entry): boolean {
  return "command" in fresh ? type === "stdio" : type === "http" || type === "sse" || type === "streamable-http";
}
