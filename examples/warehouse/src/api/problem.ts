/** Problem details (RFC 9457): every refusal of the API has this form. */

/** What the API answers. The body is text, so that a recorded answer is given again to the byte. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Titles are the same for every problem of a type; `detail` is about this one. */
const PROBLEMS = {
  "invalid-request": [400, "The request is not valid"],
  "idempotency-key-missing": [400, "An Idempotency-Key is needed"],
  unauthenticated: [401, "Authentication is needed"],
  forbidden: [403, "Not permitted"],
  "not-found": [404, "Not found"],
  "method-not-allowed": [405, "Method not allowed"],
  "idempotency-key-in-use": [409, "A request with this Idempotency-Key is under way"],
  "insufficient-stock": [409, "Not enough stock"],
  "reference-taken": [409, "There is such an order"],
  "too-large": [413, "The body is too large"],
  "unsupported-media-type": [415, "JSON is needed"],
  "idempotency-key-reused": [422, "This Idempotency-Key belongs to another request"],
  internal: [500, "Something went wrong"],
  unavailable: [503, "Not available at the moment"],
} as const satisfies Record<string, readonly [number, string]>;

export type ProblemType = keyof typeof PROBLEMS;

export interface ProblemDetails {
  readonly detail: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** What is wrong with the body, member by member. */
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}

/** Thrown anywhere in the API; becomes the answer. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly reply: Reply;

  constructor(type: ProblemType, { detail, headers = {}, errors }: ProblemDetails) {
    super(detail);
    const [status, title] = PROBLEMS[type];
    const body = { type: `urn:warehouse:problem:${type}`, title, status, detail, ...(errors && { errors }) };
    this.reply = {
      status,
      headers: { "content-type": "application/problem+json", ...headers },
      body: JSON.stringify(body),
    };
  }
}

export function jsonReply(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(value) };
}
