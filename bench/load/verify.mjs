/**
 * Judges answers. Every one is checked as text (status, id, and the payload that holds the id); the first of each
 * connection is also parsed and checked in full, so that a server cannot pass with something that only looks right.
 */

/** `check(status, text, id)` for the answers of one kind of call; throws a WrongAnswer. */
export function checkerOf({ payloadOf, modern = false, events = 0, list = 0, peer }) {
  let deep = true;
  let length;
  return (status, text, id) => {
    const fail = (why) => {
      throw new WrongAnswer(`${peer}: ${why} (call ${id}, status ${status}): ${text.slice(0, 600)}`);
    };
    if (status !== 200) fail("the status is not 200");
    if (!text.includes(`"id":${id}`)) fail("the id is not the call's");
    if (payloadOf !== undefined && !text.includes(`"text":"${payloadOf(id)}"`)) fail("the payload is not the call's");
    if (events > 0 && count(text, '"notifications/progress"') !== events) fail(`there are not ${events} events`);
    // A list of another length than the last one that was parsed is parsed again.
    if (!deep && (list === 0 || text.length === length)) return;
    length = text.length;
    deep = false;
    const messages = messagesOf(text);
    const answer = messages.at(-1);
    if (answer?.jsonrpc !== "2.0" || answer.id !== id) fail("the last message is no answer to the call");
    const { result } = answer;
    if (list > 0 && result?.tools?.length !== list) fail(`there are not ${list} tools`);
    if (payloadOf !== undefined && result?.content?.[0]?.text !== payloadOf(id)) fail("the result is wrong");
    if (modern && result?.resultType !== "complete") fail("the result has no resultType");
    const steps = messages.slice(0, -1).map((message) => message.params?.progress);
    if (events > 0 && steps.some((step, index) => step !== index + 1)) fail("progress does not count upwards");
  };
}

export class WrongAnswer extends Error {}

/** JSON-RPC messages of an answer in either form. */
export function messagesOf(text) {
  const trimmed = text.trimStart();
  if (trimmed.startsWith("{")) return [JSON.parse(trimmed)];
  return dataOf(text).map((data) => JSON.parse(data));
}

/** The non-empty `data` lines of a text of events. */
export function dataOf(text) {
  const lines = text.split(/\r?\n/).filter((line) => line.startsWith("data:"));
  return lines.map((line) => line.slice(5).trim()).filter((data) => data !== "");
}

export function count(text, part) {
  let found = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) found++;
  return found;
}
