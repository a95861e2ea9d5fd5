/** Whether anything answers, by which hops, and at what time of theirs. */
import { fault, note, sound } from "../findings.js";
import { initialize, post } from "../messages.js";
import type { Patient } from "../patient.js";
import type { Finding } from "../types.js";

/** Issuers and servers commonly allow a minute of difference; half of it is used up. */
const SKEW_WARNING_MS = 30_000;
const SKEW_ERROR_MS = 300_000;

export async function* checkReach(patient: Patient): AsyncIterable<Finding> {
  const { status, header } = await patient.initialized();
  if ([502, 503, 504].includes(status))
    yield fault("bad-gateway", `POST ${patient.url.pathname} is answered with ${status}`);
  else yield sound("reach", "reached", `POST ${patient.url.pathname} is answered with ${status}`);
  const hops = [header("via") && `Via: ${header("via")}`, header("server") && `Server: ${header("server")}`].filter(
    Boolean,
  );
  if (hops.length > 0) yield note("reach", "hops", hops.join(", "));
}

export async function* checkClock(patient: Patient): AsyncIterable<Finding> {
  const from = Date.now();
  const { header } = await patient.ask(`${patient.examination.base}/health`);
  const middle = (from + Date.now()) / 2;
  const theirs = Date.parse(header("date") ?? "");
  if (Number.isNaN(theirs)) return yield note("clock", "clock-unknown", "answers carry no Date");
  const skewMs = Math.abs(theirs - middle);
  const seen = `the clocks differ by ${Math.round(skewMs / 1000)} s`;
  if (skewMs < SKEW_WARNING_MS) yield sound("clock", "clock", seen);
  else yield fault("clock-skew", seen, { severity: skewMs < SKEW_ERROR_MS ? "warning" : "error" });
}

/** A POST that is sent elsewhere, and one to the plain form of an https URL. */
export async function* checkRedirects(patient: Patient): AsyncIterable<Finding> {
  const { url } = patient;
  const { status, header } = await patient.initialized();
  if (isRedirect(status)) yield fault("redirect", `POST ${url} is answered with ${status} to ${header("location")}`);
  else yield sound("redirects", "no-redirect", "the endpoint itself answers");
  if (url.protocol !== "https:" || url.port !== "") return;
  const plain = new URL(url);
  plain.protocol = "http:";
  // Without credentials: this way is not encrypted.
  const answer = await patient.ask(plain, { ...post(initialize()), bare: true }).catch(() => undefined);
  if (answer === undefined || !isRedirect(answer.status)) return;
  const seen = `POST ${plain} is answered with ${answer.status} to ${answer.header("location")}`;
  if (keepsMethod(answer.status)) yield sound("redirects", "https-redirect", seen);
  else yield fault("redirect", seen, { severity: "warning" });
}

function isRedirect(status: number): boolean {
  return status >= 300 && status < 400 && status !== 304;
}

function keepsMethod(status: number): boolean {
  return status === 307 || status === 308;
}
