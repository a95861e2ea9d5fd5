/** A session that holds everything somebody else could take away: a stream, a subscription, a call, a question. */
import { expect } from "vitest";
import type { McpServer } from "../../../src/index.js";
import type { LegacySession, RawStream } from "../../support/raw-http.js";
import type { WireObject } from "../../support/wire-schema.js";
import { quickSession } from "./quick-session.js";

/** Revisions whose sessions have an id in a header. */
export const SESSION_REVISIONS = ["2025-03-26", "2025-06-18", "2025-11-25"] as const;
export type SessionRevision = (typeof SESSION_REVISIONS)[number];

const URI = "test://thing";
/** Said in progress and questions of the call: nobody else may read it. */
export const SECRET_WORD = "only for its owner";

/** What an intruder would send: each would change something if it were taken. */
export const ASK = {
  jsonrpc: "2.0",
  id: 1,
  method: "tools/call",
  params: { name: "ask", _meta: { progressToken: 1 } },
} as const;
export const CANCEL = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } } as const;
export const forgedAnswer = (id: unknown): WireObject => ({ jsonrpc: "2.0", id, result: answer("somebody else") });

function answer(text: string): WireObject {
  return { role: "assistant", model: "m", content: { type: "text", text } };
}

export interface BusySession {
  readonly session: LegacySession;
  readonly standing: RawStream;
  readonly call: RawStream;
  /** What the server asked in the call and nobody has answered yet. */
  readonly question: WireObject;
  /** Answers, and throws when anything is not as it was; the session is over then. */
  assertUndisturbed(): Promise<void>;
  close(): void;
}

/** Registers what `busySession` calls. */
export function registerBusy(mcp: McpServer): void {
  mcp.registerResource("thing", URI, {}, () => ({ contents: [] }));
  mcp.registerTool("ask", { annotations: { readOnlyHint: true } }, async (ctx) => {
    ctx.progress(1, 2, SECRET_WORD);
    const messages = [{ role: "user" as const, content: { type: "text" as const, text: SECRET_WORD } }];
    const { content } = await ctx.sample({ messages, maxTokens: 10 });
    return `${ctx.principal.subject} was told ${JSON.stringify(content)}`;
  });
}

export async function busySession(
  mcp: McpServer,
  url: string,
  options: { readonly revision: SessionRevision; readonly user?: string },
): Promise<BusySession> {
  const { revision, user = "nobody" } = options;
  const session = await quickSession(url, revision, { user, capabilities: { sampling: {} } });
  const standing = await session.listen();
  await session.post(session.message("resources/subscribe", { uri: URI }));
  const call = await session.open(ASK);
  const question = await call.messages.expect(isQuestion);
  const close = () => {
    standing.close();
    call.close();
  };
  const assertUndisturbed = async () => {
    await session.respond(question.id, answer("its owner"));
    await expectAnswered(
      call.messages.expect(({ id }) => id === 1),
      user,
    );
    mcp.sendResourceUpdated({ uri: URI });
    await standing.messages.expect(({ method }) => method === "notifications/resources/updated");
    expect(standing.messages.all).toHaveLength(1);
    expect((await session.end()).status).toBe(204);
  };
  return { session, standing, call, question, assertUndisturbed, close };
}

export function isQuestion({ method, id }: WireObject): boolean {
  return method === "sampling/createMessage" && id !== undefined;
}

/** The call of `ask` went to its end with the answer of its own client. */
export async function expectAnswered(result: Promise<WireObject>, user: string): Promise<void> {
  const told = `${user} was told ${JSON.stringify(answer("its owner").content)}`;
  expect(await result).toMatchObject({ result: { content: [{ text: told }] } });
}

export const ownAnswer: WireObject = answer("its owner");
