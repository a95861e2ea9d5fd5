import { isObject, type JsonObject } from "../util/json.js";
import type { PageSession } from "./page-session.js";
import { type CallKind, REVISIONS } from "./page-types.js";

const KINDS: readonly CallKind[] = ["tool", "resource", "prompt"];

/** Does what the page asks for. False for what it never asks. */
export function apiRequest(
  name: string,
  body: JsonObject,
  { session, restart }: { readonly session: PageSession; readonly restart: () => void },
): boolean {
  switch (name) {
    case "call": {
      const { call, name: called, arguments: given } = body;
      const kind = KINDS.find((one) => one === body.kind);
      if (typeof call !== "string" || typeof called !== "string" || !isObject(given) || kind === undefined)
        return false;
      session.call(call, kind, called, given);
      return true;
    }
    case "cancel":
      if (typeof body.call !== "string") return false;
      session.cancel(body.call);
      return true;
    case "answer": {
      const { id, result, refusal } = body;
      if (typeof id !== "number") return false;
      session.answer(id, isObject(result) ? result : undefined, typeof refusal === "string" ? refusal : undefined);
      return true;
    }
    case "revision": {
      const choice = REVISIONS.find((one) => one === body.choice);
      if (choice === undefined) return false;
      void session.choose(choice);
      return true;
    }
    case "restart":
      restart();
      return true;
    default:
      return false;
  }
}
