/** Holds what the clients got against what really happened. */
import { OPERATION_META } from "./client.mjs";

/** What kind of answer a result is: `result`, `unknown`, or `error` for any other failure. */
export function kindOf(result) {
  if (result._meta?.[OPERATION_META]?.state === "unknown") return "unknown";
  return result.isError === true ? "error" : "result";
}

export function isReplayed(result) {
  return result._meta?.[OPERATION_META]?.replayed === true;
}

export function textOf(result) {
  return result.content?.[0]?.text ?? "";
}

/**
 * One intended call with its `result` (or `failure`) and `again` (asked with the same key when all was quiet); what is
 * wrong with it, in words.
 */
export function judge(call, { effects, chosenAgain, handedOver }) {
  const { intent, result, failure, again } = call;
  const wrong = [];
  if (failure !== undefined) return [failure];
  const kind = kindOf(result);
  // Who has been sent the answer and calls again without a key asks for one more.
  const most = 1 + handedOver;
  const least = intent.tool === "plain" && kind === "unknown" ? 0 : 1;
  if (kind === "error") wrong.push(`answered with an error: ${textOf(result)}`);
  if (kind === "unknown" && intent.tool !== "plain") wrong.push("its outcome is unknown although it may be run again");
  if (effects.length < least || effects.length > most) wrong.push(`${effects.length} effects: ${effects.join(", ")}`);
  if (chosenAgain && handedOver === 0) wrong.push("a step was repeated although a later step had begun");
  if (kind === "result" && !effects.some((effect) => textOf(result) === `call ${intent.id} effect ${effect}`)) {
    wrong.push(`told "${textOf(result)}", and the effects are ${effects.join(", ") || "none"}`);
  }
  if (again !== undefined) {
    if (textOf(again) !== textOf(result)) wrong.push(`told "${textOf(result)}" first, "${textOf(again)}" later`);
    if (kind === "result" && !isReplayed(again)) wrong.push("run anew when it was asked for again with its key");
  }
  return wrong;
}
