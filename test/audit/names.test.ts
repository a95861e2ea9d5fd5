/** [S28] What of names and URIs is in the audit log. */
import { expect, test } from "vitest";
import { redactUri } from "../../src/index.js";
import { REDACTED } from "../../src/util/redact.js";

test.each([
  ["https://a.test/p?sig=x&v=&flag#part", `https://a.test/p?sig=${REDACTED}&v=${REDACTED}&${REDACTED}#${REDACTED}`],
  ["https://ada:pw@a.test/p", `https://${REDACTED}@a.test/p`],
  ["orders://42/lines", "orders://42/lines"],
  ["urn:x?=y", `urn:x?=${REDACTED}`],
  ["no uri at all", "no uri at all"],
  ["mail://a/b@c", "mail://a/b@c"],
  ["a?b\nc=d", `a?b\nc=${REDACTED}`],
])("the URI %j becomes %j", (uri, left) => {
  expect(redactUri(uri)).toBe(left);
});
