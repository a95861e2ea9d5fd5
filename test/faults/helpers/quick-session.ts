/** Sessions by the thousand: the messages of `legacySession`, over connections that are kept. */
import { Agent } from "node:http";
import { LegacySession, type PostOptions, post } from "../../support/raw-http.js";
import { type Revision, type WireObject, WireRecorder } from "../../support/wire-schema.js";

export const kept: Agent = new Agent({ keepAlive: true });

export interface QuickOptions {
  readonly user?: string;
  readonly capabilities?: WireObject;
  readonly headers?: Readonly<Record<string, string>>;
}

export async function quickSession(
  url: string,
  revision: Revision,
  options: QuickOptions = {},
): Promise<LegacySession> {
  const { user, capabilities = {} } = options;
  const headers = { ...options.headers, ...(user !== undefined && { "x-user": user }) };
  const recorder = new WireRecorder(revision);
  const clientInfo = { name: "quick", version: "1.0.0" };
  const params = { protocolVersion: revision, capabilities, clientInfo };
  const message = { jsonrpc: "2.0", id: "initialize", method: "initialize", params };
  const answer = await post(url, message, { headers, recorder, agent: kept });
  const id = answer.headers["mcp-session-id"];
  if (typeof id !== "string") throw new Error(`no session: ${answer.status} ${answer.raw.toString("utf8")}`);
  const session = new LegacySession(url, answer.reply?.result as WireObject, { headers, recorder, id });
  await session.post({ jsonrpc: "2.0", method: "notifications/initialized" }, KEPT);
  return session;
}

export const KEPT: PostOptions = { agent: kept };

/** Proves that a session is alive. */
export async function assertAlive(session: LegacySession): Promise<void> {
  const answer = await session.post(session.message("ping", undefined, "alive"), KEPT);
  if (answer.status !== 200 || answer.reply?.result === undefined) {
    throw new Error(`the session is gone: ${answer.status} ${answer.raw.toString("utf8")}`);
  }
}
