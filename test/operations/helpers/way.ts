/** What a client of any transport can do in these tests. */
import type { WireObject } from "../../support/wire-schema.js";
import type { Working } from "./works.js";

/** A tool call, whatever carries it. */
export interface Asked {
  /** Default: `write`. */
  readonly name?: string;
  readonly args: WireObject;
  /** An idempotency key: in the header over Streamable HTTP, else in `_meta`. */
  readonly key?: string;
  readonly meta?: WireObject;
  readonly token?: string | number;
  /** More members of `params`. */
  readonly params?: WireObject;
}

/** A call on its way. */
export interface Begun {
  readonly id: string;
  /** The one answer, judged; rejects when the connection ended without it. */
  readonly answer: Promise<WireObject>;
  /** What came before the answer. */
  readonly told: readonly WireObject[];
  /** Ends the connection of the call and waits until the server knows. */
  drop(): Promise<void>;
  /** Takes the call back in words; undefined where closing is the way. */
  readonly cancel?: () => Promise<void>;
}

export interface Client {
  begin(asked: Asked): Begun;
  call(asked: Asked): Promise<WireObject>;
  close(): void;
}

export interface Way {
  readonly name: string;
  readonly era: "modern" | "legacy";
  /** What becomes of a connection that breaks; a broken pipe takes its process along. */
  readonly breaks: boolean;
  start(working: Working, user?: string): Promise<Client>;
}

let ids = 0;
export const nextId = () => `call ${++ids}`;

const META_KEY = "dev.holdfast/idempotencyKey";

export function paramsOf({ name = "write", args, meta, token, params }: Asked, key?: string): WireObject {
  const _meta = {
    ...meta,
    ...(token !== undefined && { progressToken: token }),
    ...(key !== undefined && { [META_KEY]: key }),
  };
  return { name, arguments: args, ...(Object.keys(_meta).length > 0 && { _meta }), ...params };
}

export function client(begin: (asked: Asked) => Begun, close: () => void): Client {
  return { begin, call: (asked) => begin(asked).answer, close };
}

/** A key that no other test has. */
export function newKey(): string {
  return `a key of a test ${nextId()}`.replaceAll(" ", "-");
}

/** Of messages on a connection that calls share: those that name this token. */
export function toldUnder(token: Asked["token"], messages: readonly WireObject[]): readonly WireObject[] {
  if (token === undefined) return [];
  return messages.filter(({ params }) => (params as WireObject | undefined)?.progressToken === token);
}
