import { setTimeout as after } from "node:timers/promises";
import type { McpServer, RequestContext } from "holdfast";
import { z } from "zod";
import type { Deps } from "../deps.js";
import { compareCounts, countProducts, type Difference } from "../inventory/compare-counts.js";
import { PERMISSIONS } from "../permissions.js";
import { actionable } from "./actionable.js";

/** Articles compared in one query: often enough a word of progress, and no table held for long. */
const BATCH_SIZE = 12;
/** Differences in the answer; more are counted, and a reason to look into the warehouse and not into a list. */
const MAX_DIFFERENCES = 100;
/** A catalogue of a hundred thousand articles takes minutes. */
const TIMEOUT_MS = 15 * 60_000;

const outputSchema = z.object({
  summary: z.string(),
  products: z.int(),
  shelves: z.int(),
  uncounted: z.int().describe("Shelves that were never counted"),
  differenceCount: z.int(),
  differences: z
    .array(
      z.object({
        sku: z.string(),
        warehouse: z.string(),
        booked: z.int(),
        counted: z.int(),
        difference: z.int().describe("counted - booked"),
      }),
    )
    .describe(`At most ${MAX_DIFFERENCES}`),
});

type SyncResult = z.infer<typeof outputSchema>;

export interface SyncOptions {
  /** A pause between batches, so that a small catalogue shows what a large one looks like. */
  readonly pauseMs: number;
}

export function registerSyncWarehouse(mcp: McpServer, deps: Deps, { pauseMs }: SyncOptions): void {
  mcp.registerTool(
    "sync_warehouse",
    {
      title: "Compare stock with counts",
      description:
        "Goes through all products and compares the stock in the books with what was last counted in the warehouses. " +
        "Changes nothing; takes a while and reports progress.",
      outputSchema,
      annotations: { readOnlyHint: true, openWorldHint: false },
      requires: PERMISSIONS.warehouseRead,
      timeoutMs: TIMEOUT_MS,
    },
    (ctx) => actionable(() => compareAll(deps, ctx, pauseMs)),
  );
}

async function compareAll({ database, tenancy }: Deps, ctx: RequestContext, pauseMs: number): Promise<SyncResult> {
  const { signal } = ctx;
  const tenant = await tenancy.of(ctx.principal);
  const total = await countProducts(database, tenant);
  const differences: Difference[] = [];
  const counts = { products: 0, shelves: 0, uncounted: 0, differenceCount: 0 };
  for (let next: string | undefined = ""; next !== undefined; ) {
    signal.throwIfAborted();
    const batch = await compareCounts(database, tenant, { after: next, size: BATCH_SIZE });
    counts.products += batch.products;
    counts.shelves += batch.shelves;
    counts.uncounted += batch.uncounted;
    counts.differenceCount += batch.differences.length;
    differences.push(...batch.differences.slice(0, MAX_DIFFERENCES - differences.length));
    // Products may be added while this goes on: it never says more than all of them.
    const done = Math.min(counts.products, total);
    ctx.progress(done, total, `${counts.products} of ${total} products, ${counts.differenceCount} differences`);
    next = batch.after;
    if (next !== undefined && pauseMs > 0) await after(pauseMs, undefined, { signal });
  }
  return { summary: summarize(counts), ...counts, differences };
}

function summarize({
  products,
  shelves,
  uncounted,
  differenceCount,
}: Omit<SyncResult, "summary" | "differences">): string {
  const found = differenceCount === 0 ? "no differences" : `${differenceCount} differences`;
  const rest = uncounted === 0 ? "" : `; ${uncounted} shelves were never counted`;
  return `${products} products on ${shelves} shelves compared: ${found}${rest}.`;
}
