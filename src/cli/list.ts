import type { Prompt, Resource, ResourceTemplateType, Tool } from "@modelcontextprotocol/client";
import { type Connection, connect } from "./connect.js";
import { connectionOptionsOf } from "./connection-options.js";
import { EXIT, usage } from "./errors.js";
import { requestFailed } from "./request-errors.js";
import { signatureOf } from "./signature.js";
import type { Action } from "./spec.js";
import { targetOf } from "./target.js";
import { oneLine, paletteOf, printable, table } from "./terminal.js";

/** Everything a server lists to this caller. */
export interface Offer {
  readonly tools: readonly Tool[];
  readonly resources: readonly Resource[];
  readonly resourceTemplates: readonly ResourceTemplateType[];
  readonly prompts: readonly Prompt[];
}

export const list: Action = async (invocation) => {
  const { target, words } = targetOf(invocation);
  if (words.length > 0) throw usage(`list takes a target and nothing else: ${words.join(" ")}`);
  const options = connectionOptionsOf(invocation.options);
  const connection = await connect(target, options);
  try {
    const offer = await offerOf(connection, options.timeoutMs);
    process.stdout.write(
      invocation.options.json === true ? `${printable(JSON.stringify(offer, null, 2))}\n` : render(offer),
    );
    return EXIT.ok;
  } finally {
    await connection.close();
  }
};

/** Asks only for what the server says it has: a server without prompts may know no `prompts/list`. */
export async function offerOf(
  { client }: Pick<Connection, "client">,
  timeoutMs: number,
  kinds: readonly ("tools" | "resources" | "prompts")[] = ["tools", "resources", "prompts"],
): Promise<Offer> {
  const has = client.getServerCapabilities() ?? {};
  const [tools, resources, prompts] = (["tools", "resources", "prompts"] as const).map((kind) =>
    kinds.includes(kind) ? has[kind] : undefined,
  );
  const options = { timeout: timeoutMs };
  try {
    return {
      tools: tools === undefined ? [] : (await client.listTools(undefined, options)).tools,
      resources: resources === undefined ? [] : (await client.listResources(undefined, options)).resources,
      resourceTemplates:
        resources === undefined ? [] : (await client.listResourceTemplates(undefined, options)).resourceTemplates,
      prompts: prompts === undefined ? [] : (await client.listPrompts(undefined, options)).prompts,
    };
  } catch (error) {
    throw requestFailed(error, timeoutMs);
  }
}

function render({ tools, resources, resourceTemplates, prompts }: Offer): string {
  const { bold, cyan, dim } = paletteOf(process.stdout);
  const about = (one: { readonly description?: string; readonly title?: string }) =>
    oneLine(firstSentence(one.description ?? one.title ?? ""));
  const sections: readonly (readonly [string, readonly (readonly string[])[]])[] = [
    ["Tools", tools.map((tool) => [`${cyan(oneLine(tool.name))}${dim(signatureOf(tool.inputSchema))}`, about(tool)])],
    ["Resources", resources.map((one) => [cyan(oneLine(one.uri)), about(one) || oneLine(one.name)])],
    [
      "Resource templates",
      resourceTemplates.map((one) => [cyan(oneLine(one.uriTemplate)), about(one) || oneLine(one.name)]),
    ],
    ["Prompts", prompts.map((one) => [`${cyan(oneLine(one.name))}${dim(argumentsOf(one))}`, about(one)])],
  ];
  const shown = sections.filter(([, rows]) => rows.length > 0);
  if (shown.length === 0) return "The server lists nothing to this caller.\n";
  return `${shown.map(([title, rows]) => `${bold(title)}\n${table(rows)}`).join("\n\n")}\n`;
}

function argumentsOf({ arguments: all = [] }: Prompt): string {
  return `(${all.map(({ name, required }) => `${oneLine(name)}${required === true ? "" : "?"}`).join(", ")})`;
}

/** Descriptions are written for models and may be long. */
function firstSentence(text: string): string {
  return /^[\s\S]*?[.!?](?=\s|$)/.exec(text)?.[0] ?? text;
}
