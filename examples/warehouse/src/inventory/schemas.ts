/** What an order may look like, for the tool and for the HTTP API alike. */
import { z } from "zod";
import { ORDER_STATUSES } from "./orders.js";

/** What one person packs; more is another kind of business. */
const MAX_LINES = 50;
/** Fifty lines of it still fit into the columns. */
const MAX_QUANTITY = 100_000;

/** No control characters anywhere: these texts end on labels and in logs. */
const text = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .regex(/^\P{Cc}*$/u, "must not contain control characters");

export const skuSchema = text(64);
export const warehouseSchema = text(16);
export const referenceSchema = text(100);

export const orderDraftSchema = z.strictObject({
  customer: text(200).describe("Name of the customer"),
  lines: z
    .array(
      z.strictObject({
        sku: skuSchema.describe('Article number, e.g. "BOLT-M8"'),
        quantity: z.int().min(1).max(MAX_QUANTITY),
      }),
    )
    .min(1)
    .max(MAX_LINES),
  warehouse: warehouseSchema
    .optional()
    .describe("Deliver from here. Left out: the first warehouse that has everything"),
  orderReference: referenceSchema
    .optional()
    .describe(
      "The number by which the user knows this order. One order is made for each reference, however often it is sent",
    ),
});

export const adjustmentSchema = z.strictObject({
  sku: skuSchema,
  warehouse: warehouseSchema,
  delta: z
    .int()
    .min(-1_000_000)
    .max(1_000_000)
    .refine((delta) => delta !== 0, "must not be 0"),
  reason: text(200),
});

export const orderSummarySchema = z.object({
  id: z.string(),
  reference: z.string().nullable(),
  customer: z.string(),
  status: z.enum(ORDER_STATUSES),
  warehouse: z.string(),
  createdAt: z.string(),
  lineCount: z.int(),
  totalCents: z.number(),
});

export const orderSchema = orderSummarySchema.extend({
  lines: z.array(z.object({ sku: z.string(), quantity: z.int(), unitPriceCents: z.int() })),
});
