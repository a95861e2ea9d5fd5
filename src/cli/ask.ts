/** Questions to the person at the terminal: missing arguments, and what a tool asks while it runs. */
import type { ElicitRequestFormParams, ElicitResult } from "@modelcontextprotocol/client";
import { type Arguments, missingIn, type ToolLike, typedValue } from "./arguments.js";
import { CliError, EXIT } from "./errors.js";
import { confirmed, question } from "./question.js";
import { dereferenced, propertiesOf, requiredOf, typeName } from "./signature.js";
import { harmless, oneLine, paletteOf } from "./terminal.js";

/** Asks for the required arguments that are not there. */
export async function askMissing(found: Arguments, tool: ToolLike): Promise<Arguments> {
  const asked = await askMembers({ schema: tool.inputSchema, names: missingIn(found, tool), required: true });
  if (asked === undefined) throw new CliError(EXIT.interrupted, "Cancelled.");
  return { ...found, ...asked };
}

/** Passes a form of the server on. Its words are shown as its words. */
export async function askForm(params: ElicitRequestFormParams, before: () => void): Promise<ElicitResult> {
  before();
  const { bold, dim } = paletteOf(process.stderr);
  process.stderr.write(`${bold("The tool asks:")} ${harmless(params.message)}\n${dim("(Ctrl-D declines)")}\n`);
  const schema = params.requestedSchema ?? {};
  const names = Object.keys(propertiesOf(dereferenced(schema, schema)));
  if (names.length === 0) return { action: (await confirmed("Yes or no? ")) ? "accept" : "decline", content: {} };
  const content = await askMembers({ schema, names, required: false });
  if (content === undefined) return { action: "decline" };
  return { action: "accept", content: content as ElicitResult["content"] };
}

interface Members {
  readonly schema: unknown;
  readonly names: readonly string[];
  /** All of them are; otherwise those that the schema says. */
  readonly required: boolean;
}

/** One question for each member; undefined when the person ends the input. */
async function askMembers({ schema, names, required }: Members): Promise<Arguments | undefined> {
  const object = dereferenced(schema, schema);
  const needed = new Set(required ? names : requiredOf(object));
  const answers: Arguments = {};
  for (const name of names) {
    const property = dereferenced(propertiesOf(object)[name], schema);
    const about = typeof property.description === "string" ? ` ${oneLine(property.description)}` : "";
    const named = typeName(property, schema);
    const kind = `${named === "boolean" ? "yes or no" : named}${needed.has(name) ? "" : ", empty for none"}`;
    for (;;) {
      const text = await question(`${oneLine(name)} (${kind})${about}: `);
      if (text === undefined) return undefined;
      if (text === "" && !needed.has(name)) break;
      try {
        answers[name] = typedValue(text, { schema: property, key: name, root: schema });
        break;
      } catch (error) {
        process.stderr.write(`${harmless((error as Error).message)}\n`);
      }
    }
  }
  return answers;
}
