import { CHECKS, type DoctorOptions, type Examination } from "./types.js";

/** Longer than a cold start of a serverless platform; a person is waiting. */
const DEFAULT_ANSWER_MS = 10_000;
/** An event that is made at once crosses the planet in well under a second. */
const DEFAULT_FIRST_EVENT_MS = 3000;
/** Two comments of a server that sends one every 15 s, and some. */
const DEFAULT_IDLE_MS = 40_000;
/** `limits.maxBodyBytes`. */
const DEFAULT_BODY_BYTES = 4_194_304;

/** Fills in defaults. Throws a TypeError for what cannot be used. */
export function resolveExamination(target: string | URL, options: DoctorOptions): Examination {
  const url = URL.canParse(String(target)) ? new URL(target) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw new TypeError(`not an http(s) URL: ${target}`);
  for (const check of options.checks ?? []) {
    if (!CHECKS.includes(check)) throw new TypeError(`unknown check ${check}. Checks: ${CHECKS.join(", ")}`);
  }
  const number = (name: "answerMs" | "firstEventMs" | "idleMs" | "bodyBytes", preset: number): number => {
    const value = options[name] ?? preset;
    if (!(value > 0) || !Number.isFinite(value)) throw new TypeError(`${name} must be a number above 0`);
    return value;
  };
  return {
    url,
    base: `${url.origin}${url.pathname.replace(/\/[^/]*$/, "")}`,
    headers: Object.fromEntries(
      Object.entries(options.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
    ),
    checks: new Set(options.checks ?? CHECKS),
    answerMs: number("answerMs", DEFAULT_ANSWER_MS),
    firstEventMs: number("firstEventMs", DEFAULT_FIRST_EVENT_MS),
    idleMs: number("idleMs", DEFAULT_IDLE_MS),
    bodyBytes: Math.floor(number("bodyBytes", DEFAULT_BODY_BYTES)),
    tool: options.tool,
    origin: options.origin,
    signal: options.signal,
    onProgress: options.onProgress,
  };
}
