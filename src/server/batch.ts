import { ErrorCode } from "../errors.js";
import type { RpcErrorShape } from "../protocol/jsonrpc.js";
import type { Revision } from "../protocol/revisions/index.js";
import type { App } from "./app.js";

/** Why a batch is refused as a whole, in words that say what to send instead; undefined when it is not. */
export function batchRefusal(app: App, revision: Revision, length: number): RpcErrorShape | undefined {
  const { maxBatch } = app.limits;
  if (!revision.batches) return refusal(`revision ${revision.version} has no batches; send one message at a time`);
  if (length === 0) return refusal("the batch is empty");
  if (length <= maxBatch) return undefined;
  app.instruments?.limit("maxBatch");
  return refusal(`the batch has ${length} messages, ${maxBatch} are allowed (limits.maxBatch)`);
}

function refusal(why: string): RpcErrorShape {
  return { code: ErrorCode.InvalidRequest, message: `Invalid request: ${why}` };
}

/**
 * Collects the answers to one JSON-RPC batch (2025-03-26). Slots are taken while the batch is read; when all of them
 * are filled, in any order, the answers go out as one array. An empty answer (a cancelled request) is left out, so the
 * array may be empty: then there is nothing to send (JSON-RPC 2.0, "Batch").
 */
export class BatchCollector {
  readonly #send: (answers: readonly string[]) => void;
  readonly #answers: string[] = [];
  #open = 0;
  #closed = false;

  constructor(send: (answers: readonly string[]) => void) {
    this.#send = send;
  }

  /** A place for one answer, to be filled once. */
  slot(): (answer: string) => void {
    this.#open += 1;
    return (answer) => {
      this.#open -= 1;
      if (answer !== "") this.#answers.push(answer);
      this.#finish();
    };
  }

  /** The whole batch has been read. */
  close(): void {
    this.#closed = true;
    this.#finish();
  }

  #finish(): void {
    if (this.#closed && this.#open === 0) this.#send(this.#answers);
  }
}
