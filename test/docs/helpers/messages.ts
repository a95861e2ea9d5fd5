/** The messages that head the sections of docs/troubleshooting.md, and where a message is looked for. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, readPage } from "./pages.js";

export const PAGE = "docs/troubleshooting.md";

/** Headings below one part of the page, without their backticks. */
export function messagesOf(part: string): readonly string[] {
  const [, text = ""] = readPage(PAGE).split(`\n## ${part}\n`);
  const [own = ""] = text.split("\n## ");
  return [...own.matchAll(/^### `(.+)`$/gm)].map(([, message = ""]) => message);
}

/** `…` stands for what differs; between its parts may be whatever a program puts together there. */
export function patternOf(message: string): RegExp {
  const parts = message.split("…").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(parts.join("[^\\n]{0,200}?"));
}

/** Source files as one text: strings that are put together from several lines are made one again. */
export function sources(folder: string, ending: RegExp): string {
  const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" });
  const texts = files.filter((name) => ending.test(name)).map((name) => readFileSync(join(ROOT, folder, name), "utf8"));
  return texts.join("\n").replaceAll(/["'`]\s*\+\s*["'`]/g, "");
}
