/** How large a message may be before something in front of the server refuses it. */
import { isObject } from "../../util/json.js";
import { fault, note, sound } from "../findings.js";
import { modern, post, request, sessionHeaders } from "../messages.js";
import type { Patient } from "../patient.js";
import type { Finding } from "../types.js";
import type { Answer, Asked } from "../wire.js";

/** Characters of a refusal: the first line says it. */
const SHOWN = 120;

export async function* checkBodies(patient: Patient): AsyncIterable<Finding> {
  const small = await sized(patient, 0);
  if (small === undefined) return;
  const { bodyBytes } = patient.examination;
  const answer = await send(patient, await sized(patient, bodyBytes - (small.body?.length ?? 0)));
  if (answer === undefined) return;
  const size = `${bodyBytes} bytes`;
  if (answer === "cut") yield fault("body-limit", `the connection is cut while a message of ${size} is sent`);
  else if (answer.status < 300) yield sound("bodies", "body-size", `a message of ${size} arrives`);
  else if (isOwnRefusal(answer)) {
    yield note("bodies", "body-limit-own", `the server itself refuses ${size}: ${answer.text.trim().slice(0, SHOWN)}`);
  } else {
    const { status, header } = answer;
    yield fault("body-limit", `a message of ${size} is answered with ${status} by ${header("server") ?? "a hop"}`);
  }
}

/** A request that does nothing, with so much padding; undefined where neither era is spoken. */
async function sized(patient: Patient, padding: number): Promise<Asked | undefined> {
  const params = { _meta: { "holdfast.doctor/padding": "x".repeat(Math.max(0, padding)) } };
  const session = await patient.session();
  if (session !== undefined) return post(request("ping", params), sessionHeaders(session.id));
  return (await patient.isModern()) ? modern("server/discover", params) : undefined;
}

async function send(patient: Patient, asked: Asked | undefined): Promise<Answer | "cut" | undefined> {
  if (asked === undefined) return undefined;
  try {
    return await patient.ask(patient.url, asked);
  } catch (error) {
    // Refused and hung up on before everything was sent.
    if (["EPIPE", "ECONNRESET"].includes((error as NodeJS.ErrnoException).code ?? "")) return "cut";
    throw error;
  }
}

/** Servers speak plain text or JSON-RPC; proxies show a page, or nothing. */
function isOwnRefusal({ json, text, header }: Answer): boolean {
  return isObject(json) || (text !== "" && (header("content-type") ?? "").startsWith("text/plain"));
}
