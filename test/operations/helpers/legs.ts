/** Work that asks its client, and the legs of such a call (input_required, 2026-07-28). */
import { expect } from "vitest";
import type { McpServer } from "../../../src/index.js";
import { modernRequest, post } from "../../support/raw-http.js";
import type { WireObject } from "../../support/wire-schema.js";
import type { Working } from "./works.js";

export const SCHEMA = { type: "object", properties: { yes: { type: "boolean" } }, required: ["yes"] } as const;
export const YES = { "elicitation-1": { action: "accept", content: { yes: true } } };
export const NO = { "elicitation-1": { action: "accept", content: { yes: false } } };

export interface Effects {
  readonly prepared: string[];
  readonly done: string[];
}

export function registerAsking(mcp: McpServer, name = "transfer"): Effects {
  const effects: Effects = { prepared: [], done: [] };
  const inputSchema = { type: "object", properties: { amount: { type: "integer", default: 1 } } } as const;
  mcp.registerTool(name, { inputSchema }, async (_args, ctx) => {
    await ctx.step("prepare", () => effects.prepared.push(ctx.operation.id));
    const { content } = await ctx.elicit({ message: "Sure?", requestedSchema: SCHEMA });
    effects.done.push(ctx.operation.id);
    return `${content?.yes === true ? "transferred" : "left"} ${effects.done.length}`;
  });
  return effects;
}

export interface Leg {
  readonly id: number;
  readonly user?: string;
  readonly key?: string;
  readonly name?: string;
  readonly args?: WireObject;
  readonly state?: unknown;
  readonly answers?: WireObject;
}

export async function leg(
  one: Working,
  { id, user, key, name = "transfer", args = {}, state, answers }: Leg,
): Promise<WireObject> {
  const params = {
    name,
    arguments: args,
    ...(state !== undefined && { requestState: state }),
    ...(answers && { inputResponses: answers }),
  };
  const { message, headers } = modernRequest("tools/call", params, { id, capabilities: { elicitation: {} } });
  const all = { ...headers, "x-user": user, "idempotency-key": key };
  return (await post(one.url, message, { headers: all })).reply ?? {};
}

export function stateOf(answer: WireObject): string {
  const result = answer.result as WireObject;
  expect(result.resultType).toBe("input_required");
  return String(result.requestState);
}
