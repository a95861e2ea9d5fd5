import { expect, test } from "vitest";
import { acceptedForms } from "../../src/transports/http/negotiation.js";
import type { HttpExchange } from "../../src/transports/http/types.js";

const asks = (accept: string): HttpExchange => ({ header: () => accept }) as unknown as HttpExchange;

/** RFC 9110, 12.5.1: the most specific range that fits counts, wherever it stands. */
test.each([
  ["application/json;q=0, */*", { json: false, sse: true }],
  ["*/*, application/json; q=0.000", { json: false, sse: true }],
  ["text/event-stream;q=0, text/*", { json: false, sse: false }],
  ["text/*;q=0, */*;q=0.1", { json: true, sse: false }],
  ["*/*;q=0, Application/JSON ;q=0.5", { json: true, sse: false }],
  ["application/json;q=0;v=1, application/json", { json: true, sse: false }],
  [",,*/*,,", { json: true, sse: true }],
  ["text/html", { json: false, sse: false }],
  ["", { json: false, sse: false }],
])("Accept: %s", (accept, expected) => {
  expect(acceptedForms(asks(accept))).toEqual(expected);
});
