/** The warehouse's HTTP API: who may write, and what is refused. */
import { randomUUID } from "node:crypto";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { connect as connectTcp } from "node:net";
import { text } from "node:stream/consumers";
import { AuthenticationUnavailableError, custom } from "holdfast";
import { describe, expect, it } from "vitest";
import { setDefaultTenant } from "../../examples/warehouse/src/db/seed.js";
import { audit, caller, serveWarehouse } from "./helpers/warehouse.js";
import { apiFixture, ORDER, problem } from "./helpers/warehouse-api.js";

const api = apiFixture();

describe("who may", () => {
  it.each(["/api/orders", "/api/orders/SO-1", "/api/stock-adjustments", "/api", "/api/nothing"])(
    "[77, S22] %s: nobody without credentials, and no way to learn what there is",
    async (path) => {
      for (const method of ["GET", "POST", "PUT", "DELETE", "OPTIONS"]) {
        const response = await fetch(`${api.served.base}${path}`, { method });
        expect([method, response.status]).toEqual([method, 401]);
        expect(response.headers.get("www-authenticate")).toBe("Bearer");
      }
    },
  );

  it("[72, 78] tells what is wrong with bad credentials, and takes none from the URL", async () => {
    const bad = await fetch(`${api.served.base}/api/orders/SO-1`, { headers: { authorization: "Bearer nope" } });
    expect(bad.headers.get("www-authenticate")).toBe(
      'Bearer error="invalid_token", error_description="The token is not known."',
    );
    expect(await problem(bad)).toMatchObject({ type: "unauthenticated", status: 401 });
    const inUrl = await fetch(`${api.served.base}/api/orders/SO-1?access_token=token-1`, { headers: api.clerk });
    expect(await problem(inUrl)).toMatchObject({ status: 401, detail: expect.stringMatching(/not in the URL/) });
    const ended = api.tokens.add({ ...caller(api.tenant, ["*"]), expiresAt: Date.now() - 1 });
    expect(await problem(fetch(`${api.served.base}/api/orders/SO-1`, { headers: ended }))).toMatchObject({
      status: 401,
    });
  });

  it("takes two tokens in one request for none", async () => {
    const socket = connectTcp(Number(new URL(api.served.base).port), "127.0.0.1");
    const head = `GET /api/orders/SO-1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n`;
    socket.write(
      `${head}Authorization: ${api.clerk.authorization}\r\nAuthorization: ${api.clerk.authorization}\r\n\r\n`,
    );
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 401 /);
  });

  it("[76] asks for the permission that is missing, and runs nothing", async () => {
    const reader = api.tokens.add(caller(api.tenant, ["orders:read"]));
    const refused = await api.order(randomUUID(), ORDER, reader);
    expect(refused.headers.get("www-authenticate")).toBe('Bearer error="insufficient_scope", scope="orders:write"');
    expect(await problem(refused)).toMatchObject({ type: "forbidden", status: 403 });
    const writer = api.tokens.add(caller(api.tenant, ["orders:*"]));
    expect((await api.order(randomUUID(), ORDER, writer)).status).toBe(201);
    expect((await api.send("/api/stock-adjustments", {}, { ...writer, "idempotency-key": randomUUID() })).status).toBe(
      403,
    );
    expect(await audit(api.database, api.tenant)).toMatchObject({ orders: 1 });
  });

  it("[S27] serves nobody without a tenant; a claim that names none is no reason to look elsewhere", async () => {
    const { issuer } = caller(api.tenant, []);
    await setDefaultTenant(api.database, { issuer, subject: `member-of-${api.tenant}`, tenant: api.tenant });
    const member = { issuer, subject: `member-of-${api.tenant}`, permissions: ["*"] };
    expect((await api.order(randomUUID(), ORDER, api.tokens.add(member))).status).toBe(201);
    for (const org_id of ["no-such-tenant", "", 7, null, `${api.tenant}' OR '1'='1`]) {
      const stranger = api.tokens.add({ ...member, claims: { org_id } });
      expect(await problem(api.order(randomUUID(), ORDER, stranger))).toMatchObject({ status: 403, type: "forbidden" });
    }
    const nobody = api.tokens.add({ ...member, subject: "nobody" });
    expect((await api.order(randomUUID(), ORDER, nobody)).status).toBe(403);
  });

  it("[74, S21] says to come back when it cannot be found out who calls; any other failure lets nobody in", async () => {
    for (const [error, status] of [
      [new AuthenticationUnavailableError("keys of https://secret.internal are out of reach"), 503],
      [new Error("database password is hunter2"), 401],
    ] as const) {
      const failing = custom(() => Promise.reject(error));
      const other = await serveWarehouse({ database: api.database, auth: failing });
      const response = await fetch(`${other.base}/api/orders/SO-1`);
      expect(response.status).toBe(status);
      expect(await response.text()).not.toMatch(/secret|hunter2/);
      await other.close();
    }
  });
});

describe("requests", () => {
  it("knows its addresses and their methods", async () => {
    expect(await problem(fetch(`${api.served.base}/api/nothing`, { headers: api.clerk }))).toMatchObject({
      status: 404,
    });
    const put = await fetch(`${api.served.base}/api/orders`, { method: "PUT", headers: api.clerk });
    expect(put.headers.get("allow")).toBe("POST");
    expect(await problem(put)).toMatchObject({ type: "method-not-allowed" });
    expect(await problem(fetch(`${api.served.base}/api/orders/..%2Forders`, { headers: api.clerk }))).toMatchObject({
      status: 404,
    });
    expect(await problem(fetch(`${api.served.base}/api/orders/SO-1000`, { headers: api.clerk }))).toMatchObject({
      status: 404,
    });
  });

  it.each([
    ["text/plain", 415],
    ["application/x-www-form-urlencoded", 415],
    ["application/jsonx", 415],
    ["application/json; charset=latin1", 415],
    ["application/json; charset=utf-8", 201],
    ["APPLICATION/JSON", 201],
  ])("[83] media type %s: %i", async (type, status) => {
    const response = await api.order(randomUUID(), ORDER, { ...api.clerk, "content-type": type });
    expect(response.status).toBe(status);
  });

  it("[61, S13] takes no more than it must", async () => {
    const huge = JSON.stringify({ ...ORDER, customer: "x".repeat(64 * 1024) });
    expect(await problem(api.order(randomUUID(), huge))).toMatchObject({ status: 413, type: "too-large" });
    const chunked = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { "content-type": "application/json", ...api.clerk, "idempotency-key": randomUUID() };
      const outgoing = httpRequest(`${api.served.base}/api/orders`, { method: "POST", headers }, resolve);
      outgoing.on("error", reject);
      outgoing.write(huge.slice(0, 40_000));
      outgoing.end(huge.slice(40_000));
    });
    expect(chunked.statusCode).toBe(413);
    chunked.resume();
    const zipped = await api.order(randomUUID(), ORDER, { ...api.clerk, "content-encoding": "gzip" });
    expect(await problem(zipped)).toMatchObject({ status: 415 });
    expect(await audit(api.database, api.tenant)).toMatchObject({ orders: 0 });
  });

  it("[62, 64, 65] names what is wrong with a body, and changes nothing", async () => {
    const wrong = await problem(api.order(randomUUID(), { ...ORDER, lines: [{ sku: "BOLT-M8", quantity: 0 }] }));
    expect(wrong).toMatchObject({ status: 400, errors: [{ pointer: "/lines/0/quantity" }] });
    const bodies: unknown[] = [
      "",
      "null",
      "[]",
      "{",
      `{"customer":"Ada","lines":[]}`,
      { ...ORDER, tenant: "acme" },
      `{"__proto__":{"customer":"x"},"lines":[{"sku":"BOLT-M8","quantity":1}]}`,
      { ...ORDER, customer: "two\nlines" },
      { ...ORDER, lines: [{ sku: "BOLT-M8", quantity: 1.5 }] },
      { ...ORDER, lines: [{ sku: "BOLT-M8", quantity: "2" }] },
      `{"customer":"\\u0000","lines":[{"sku":"BOLT-M8","quantity":1}]}`,
      `${"[".repeat(20_000)}${"]".repeat(20_000)}`,
    ];
    for (const body of bodies) {
      expect(await problem(api.order(randomUUID(), body))).toMatchObject({ status: 400, type: "invalid-request" });
    }
    const latin = Buffer.from(JSON.stringify({ ...ORDER, customer: "Ren\u00e9" }), "latin1");
    const headers = { "content-type": "application/json", ...api.clerk, "idempotency-key": randomUUID() };
    const response = fetch(`${api.served.base}/api/orders`, { method: "POST", headers, body: latin });
    expect(await problem(response)).toMatchObject({ status: 400, detail: expect.stringMatching(/UTF-8/) });
    expect(await audit(api.database, api.tenant)).toMatchObject({ orders: 0 });
  });

  it("makes and shows orders, and adjusts stock", async () => {
    const made = await api.order(randomUUID(), { ...ORDER, orderReference: "PO-1" });
    expect(made.status).toBe(201);
    expect(made.headers.get("location")).toBe("/api/orders/SO-1001");
    const shown = await fetch(`${api.served.base}/api/orders/SO-1001`, { headers: api.clerk });
    expect(await shown.json()).toEqual(await made.json());
    expect(await problem(api.order(randomUUID(), { ...ORDER, orderReference: "PO-1" }))).toMatchObject({
      type: "reference-taken",
      status: 409,
    });
    const much = { ...ORDER, lines: [{ sku: "BOLT-M8", quantity: 1000 }] };
    expect(await problem(api.order(randomUUID(), much))).toMatchObject({ type: "insufficient-stock", status: 409 });
    const adjust = (delta: number) =>
      api.send(
        "/api/stock-adjustments",
        { sku: "BOLT-M8", warehouse: "AMS", delta, reason: "goods in" },
        { ...api.clerk, "idempotency-key": randomUUID() },
      );
    const adjusted = await adjust(900);
    expect(adjusted.status).toBe(201);
    expect(await adjusted.json()).toMatchObject({ delta: 900, stock: { onHand: 1000, reserved: 2, available: 998 } });
    expect(await problem(adjust(-999))).toMatchObject({ type: "insufficient-stock" });
  });
});
