/**
 * The room of the operation ledger (`claim -> start -> commit`, replay, in doubt). Only its vocabulary stands here so
 * far: handlers already see `ctx.operation`, whose `id` is stable over the round trips of one call.
 */
export interface Operation {
  /** Stable over retries of the same work: pass it downstream as an idempotency key. */
  readonly id: string;
  /** Rises when another process takes the work over. */
  readonly fence: number;
}
