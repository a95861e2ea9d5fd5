/** Requests for a model's answer (sampling): the person at the terminal is asked, and may answer in its place. */
import type { CreateMessageRequestParams, CreateMessageResult } from "@modelcontextprotocol/client";
import { question } from "./question.js";
import { harmless, paletteOf } from "./terminal.js";

/** The code that the specification has for it (2025-11-25, sampling, error handling). */
const REJECTED = -1;

export async function askModel(params: CreateMessageRequestParams, before: () => void): Promise<CreateMessageResult> {
  before();
  const { bold, dim } = paletteOf(process.stderr);
  const { systemPrompt, messages, maxTokens } = params;
  const lines = [
    bold(`The tool asks a model (at most ${maxTokens} tokens). There is none here: answer yourself, or decline.`),
    ...(systemPrompt === undefined ? [] : [`  ${dim("system:")} ${harmless(systemPrompt)}`]),
    ...messages.map(({ role, content }) => `  ${dim(`${role}:`)} ${harmless(wordsOf(content))}`),
    dim("(an empty line or Ctrl-D declines)"),
  ];
  process.stderr.write(`${lines.join("\n")}\n`);
  const text = await question("Answer: ");
  if (text === undefined || text.trim() === "") {
    throw Object.assign(new Error("The user rejected the sampling request"), { code: REJECTED });
  }
  return { role: "assistant", content: { type: "text", text }, model: "human", stopReason: "endTurn" };
}

function wordsOf(content: unknown): string {
  const blocks = (Array.isArray(content) ? content : [content]) as readonly {
    readonly type?: string;
    readonly text?: string;
  }[];
  return blocks.map((block) => block.text ?? `[${block.type ?? "something"}]`).join("\n");
}
