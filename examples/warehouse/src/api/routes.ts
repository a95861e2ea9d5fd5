import type { IncomingMessage } from "node:http";
import type { Queries } from "../db/database.js";
import type { Deps } from "../deps.js";
import { adjustStock } from "../inventory/adjust-stock.js";
import { type RefusalCode, Refused } from "../inventory/errors.js";
import { findOrder } from "../inventory/orders.js";
import { placeOrder } from "../inventory/place-order.js";
import { adjustmentSchema, orderDraftSchema } from "../inventory/schemas.js";
import { PERMISSIONS } from "../permissions.js";
import type { Caller } from "./authenticate.js";
import { readJson } from "./body.js";
import type { IdempotentWrites } from "./idempotency.js";
import { jsonReply, Problem, type ProblemType, type Reply } from "./problem.js";

export interface ApiDeps extends Deps {
  readonly writes: IdempotentWrites;
}

export interface ApiRequest {
  readonly request: IncomingMessage;
  readonly caller: Caller;
  readonly path: string;
  /** What stood in the place of the group in `path` of the route. */
  readonly id: string;
}

export interface Route {
  readonly method: "GET" | "POST";
  readonly path: RegExp;
  readonly permission: string;
  handle(deps: ApiDeps, request: ApiRequest): Promise<Reply>;
}

export const ROUTES: readonly Route[] = [
  {
    method: "POST",
    path: /^\/api\/orders$/,
    permission: PERMISSIONS.ordersWrite,
    handle: async (deps, request) => {
      const draft = await readJson(request.request, orderDraftSchema);
      return write(deps, request, draft, async (tx) => {
        const order = await placeOrder(tx, draft, writerOf(request));
        return jsonReply(201, order, { location: `/api/orders/${order.id}` });
      });
    },
  },
  {
    method: "GET",
    path: /^\/api\/orders\/([^/]+)$/,
    permission: PERMISSIONS.ordersRead,
    handle: async ({ database }, { caller, id }) => {
      const order = await findOrder(database, caller.tenant, id);
      if (order === undefined) throw new Problem("not-found", { detail: "There is no such order." });
      return jsonReply(200, order);
    },
  },
  {
    method: "POST",
    path: /^\/api\/stock-adjustments$/,
    permission: PERMISSIONS.stockWrite,
    handle: async (deps, request) => {
      const adjustment = await readJson(request.request, adjustmentSchema);
      return write(deps, request, adjustment, async (tx) => {
        return jsonReply(201, await adjustStock(tx, adjustment, writerOf(request)));
      });
    },
  },
];

const PROBLEM_OF: Readonly<Record<RefusalCode, ProblemType>> = {
  insufficient_stock: "insufficient-stock",
  reference_taken: "reference-taken",
  not_found: "invalid-request",
  invalid: "invalid-request",
  no_tenant: "forbidden",
};

/** A refusal by the warehouse is an answer: it is recorded, and the same request with the same key gets it again. */
function write(
  { writes }: ApiDeps,
  { request, caller, path }: ApiRequest,
  body: unknown,
  work: (tx: Queries) => Promise<Reply>,
): Promise<Reply> {
  const header = request.headersDistinct["idempotency-key"]?.join(", ");
  return writes.perform({ caller, header, method: request.method ?? "", path, body }, async (tx) => {
    try {
      return await work(tx);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return new Problem(PROBLEM_OF[error.code], { detail: error.message }).reply;
    }
  });
}

function writerOf({ caller }: ApiRequest): { readonly tenant: string; readonly createdBy: string } {
  return { tenant: caller.tenant, createdBy: caller.principal.subject };
}
