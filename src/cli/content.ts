/** Results for people: text as it is, structure as JSON, bytes as files. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CallToolResult, ContentBlock } from "@modelcontextprotocol/client";
import { oneLine, paletteOf, printable } from "./terminal.js";

const EXTENSIONS: Readonly<Record<string, string>> = {
  "image/png": "png",
  "image/jpeg": "jpg",
  "image/gif": "gif",
  "image/webp": "webp",
  "image/svg+xml": "svg",
  "audio/wav": "wav",
  "audio/x-wav": "wav",
  "audio/mpeg": "mp3",
  "audio/ogg": "ogg",
  "audio/flac": "flac",
  "application/pdf": "pdf",
  "application/json": "json",
  "application/zip": "zip",
  "text/plain": "txt",
  "text/csv": "csv",
  "text/html": "html",
};

/** A type may have the name of anything that an object inherits. */
function extensionOf(mimeType: string): string {
  const type = mimeType.toLowerCase();
  return (Object.hasOwn(EXTENSIONS, type) ? EXTENSIONS[type] : undefined) ?? "bin";
}

interface Bytes {
  readonly what: string;
  readonly mimeType: string;
  readonly data: string;
}

/** What of a content block is bytes. */
function bytesOf(block: ContentBlock): Bytes | undefined {
  if (block.type === "image" || block.type === "audio")
    return { what: block.type, mimeType: block.mimeType, data: block.data };
  if (block.type !== "resource" || !("blob" in block.resource)) return undefined;
  return {
    what: "resource",
    mimeType: block.resource.mimeType ?? "application/octet-stream",
    data: block.resource.blob,
  };
}

/**
 * Writes images, audio and binary resources; gives the path of each by its place in the content. Names are made of the
 * tool's name and a number, never of what the server says; a file that is there already is kept.
 */
export async function saveFiles(
  content: readonly ContentBlock[],
  folder: string,
  name: string,
): Promise<ReadonlyMap<number, string>> {
  const saved = new Map<number, string>();
  const stem = name.replaceAll(/[^A-Za-z0-9_-]+/g, "_").slice(0, 60) || "result";
  let number = 0;
  for (const [index, block] of content.entries()) {
    const bytes = bytesOf(block);
    if (bytes === undefined) continue;
    await mkdir(folder, { recursive: true });
    for (;;) {
      number += 1;
      const path = join(folder, `${stem}-${number}.${extensionOf(bytes.mimeType)}`);
      if (!(await writeNew(path, Buffer.from(bytes.data, "base64")))) continue;
      saved.set(index, path);
      break;
    }
  }
  return saved;
}

async function writeNew(path: string, bytes: Buffer): Promise<boolean> {
  try {
    await writeFile(path, bytes, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** The result as text for stdout. */
export function renderResult(result: CallToolResult, saved: ReadonlyMap<number, string>): string {
  const { structuredContent, content = [] } = result;
  const structured = structuredContent === undefined ? undefined : JSON.stringify(structuredContent, null, 2);
  // Servers repeat structured content as text for clients that do not know it.
  const repeated = (block: ContentBlock) =>
    structured !== undefined && block.type === "text" && sameJson(block.text, structuredContent);
  const parts = content.flatMap((block, index) => (repeated(block) ? [] : [renderBlock(block, saved.get(index))]));
  if (structured !== undefined) parts.push(printable(structured));
  return parts.map((part) => (part.endsWith("\n") ? part : `${part}\n`)).join("");
}

function sameJson(text: string, value: unknown): boolean {
  try {
    return canonical(JSON.parse(text)) === canonical(value);
  } catch {
    return false;
  }
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function renderBlock(block: ContentBlock, path: string | undefined): string {
  const { dim } = paletteOf(process.stdout);
  const bytes = bytesOf(block);
  if (bytes !== undefined) {
    const size = Buffer.byteLength(bytes.data, "base64");
    const where = path ?? "--out DIR writes it to a file";
    return dim(`[${bytes.what} ${oneLine(bytes.mimeType)}, ${size} bytes: ${where}]`);
  }
  if (block.type === "text") return printable(block.text);
  if (block.type === "resource" && "text" in block.resource) return printable(block.resource.text);
  if (block.type === "resource_link") return `${oneLine(block.title ?? block.name)} ${dim(`<${oneLine(block.uri)}>`)}`;
  return dim(`[${oneLine(block.type)}]`);
}
