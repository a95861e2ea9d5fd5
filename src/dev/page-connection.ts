/** What the page's client does on one connection. */
import type { Client, ClientCapabilities } from "@modelcontextprotocol/client";
import { META } from "../protocol/headers.js";
import type { CallKind, Json, RevisionChoice } from "./page-types.js";

export interface PageConnection {
  readonly client: Client;
  readonly revision: string;
  readonly transport: string;
  close(): Promise<void>;
}

export interface Connecting {
  readonly revision: RevisionChoice;
  readonly capabilities: ClientCapabilities;
  readonly prepare: (client: Client) => void;
}

/** Somebody may think about a question for long; a call that is forgotten ends all the same. */
const CALL_TIMEOUT_MS = 30 * 60_000;
/** What people who try a server out want to see. */
export const LOG_LEVEL = "debug";
export const MODERN = "2026-07-28";

interface Asking {
  readonly kind: CallKind;
  /** A URI where it is a resource. */
  readonly name: string;
  readonly given: Json;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: object) => void;
}

/** Calls a tool, reads a resource, gets a prompt. */
export function ask(
  { client, revision }: PageConnection,
  { kind, name, given, signal, onProgress }: Asking,
): Promise<unknown> {
  const options = { signal, timeout: CALL_TIMEOUT_MS, onprogress: onProgress };
  const _meta = revision === MODERN ? { [META.logLevel]: LOG_LEVEL } : {};
  if (kind === "resource") return client.readResource({ uri: name, _meta }, options);
  if (kind === "prompt") return client.getPrompt({ name, arguments: given as Record<string, string>, _meta }, options);
  return client.callTool({ name, arguments: { ...given }, _meta }, options);
}

/** A server of 2026-07-28 tells of changes only to those who ask. */
export async function listenForChanges(client: Client): Promise<void> {
  const has = client.getServerCapabilities() ?? {};
  const filter = {
    ...(has.tools?.listChanged === true && { toolsListChanged: true }),
    ...(has.resources?.listChanged === true && { resourcesListChanged: true }),
    ...(has.prompts?.listChanged === true && { promptsListChanged: true }),
  };
  // Without it the lists are as old as the last start; a restart brings new ones.
  if (Object.keys(filter).length > 0) await client.listen(filter).catch(() => undefined);
}
