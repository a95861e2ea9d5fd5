/** The warehouse's HTTP API: writes that are sent again (`Idempotency-Key`). */
import { randomUUID } from "node:crypto";
import { connect as connectTcp } from "node:net";
import { describe, expect, it } from "vitest";
import { audit, caller, newTenant } from "./helpers/warehouse.js";
import { apiFixture, ORDER, problem } from "./helpers/warehouse-api.js";

const api = apiFixture();

describe("Idempotency-Key", () => {
  it("[83] must be there, and be one", async () => {
    const missing = api.send("/api/orders", ORDER, api.clerk);
    expect(await problem(missing)).toMatchObject({ status: 400, type: "idempotency-key-missing" });
    for (const key of ["short", `"${"x".repeat(15)}"`, "x".repeat(256), "two words in one key", '"half-a-quoted-key']) {
      expect(await problem(api.order(key))).toMatchObject({ status: 400, type: "invalid-request" });
    }
    expect(await problem(api.order(`${"a".repeat(16)}, ${"b".repeat(16)}`))).toMatchObject({ status: 400 });
    expect(await audit(api.database, api.tenant)).toMatchObject({ orders: 0 });
  });

  it("gives the same answer again, and makes one order", async () => {
    const key = randomUUID();
    const first = await api.order(key);
    const text = await first.text();
    expect(first.headers.get("idempotency-replayed")).toBeNull();
    // Quoted or not, with the members in another order: the same request.
    const reordered = { lines: [{ quantity: 2, sku: "BOLT-M8" }], customer: " Ada " };
    for (const again of [await api.order(key), await api.order(`"${key}"`), await api.order(key, reordered)]) {
      expect(again.status).toBe(201);
      expect(again.headers.get("idempotency-replayed")).toBe("true");
      expect(again.headers.get("location")).toBe("/api/orders/SO-1001");
      expect(await again.text()).toBe(text);
    }
    expect(await audit(api.database, api.tenant)).toMatchObject({ orders: 1, reserved: 2 });
  });

  it("gives a refusal again, too", async () => {
    const key = randomUUID();
    const much = { ...ORDER, lines: [{ sku: "SAW-1", quantity: 6 }] };
    expect((await api.order(key, much)).status).toBe(409);
    const adjustment = { sku: "SAW-1", warehouse: "RTM", delta: 10, reason: "goods in" };
    await api.send("/api/stock-adjustments", adjustment, { ...api.clerk, "idempotency-key": randomUUID() });
    const again = await api.order(key, much);
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect(await problem(again)).toMatchObject({ type: "insufficient-stock" });
    expect((await api.order(randomUUID(), much)).status).toBe(201);
  });

  it("[S8, 79] belongs to one request and to one caller", async () => {
    const key = randomUUID();
    expect((await api.order(key)).status).toBe(201);
    const other = await problem(api.order(key, { ...ORDER, customer: "Eve" }));
    expect(other).toMatchObject({ status: 422, type: "idempotency-key-reused" });
    expect(JSON.stringify(other)).not.toMatch(/Ada|SO-/);
    const adjustment = { sku: "SAW-1", warehouse: "RTM", delta: 1, reason: "x" };
    const elsewhere = api.send("/api/stock-adjustments", adjustment, { ...api.clerk, "idempotency-key": key });
    expect(await problem(elsewhere)).toMatchObject({ status: 422 });
    const colleague = api.tokens.add(caller(api.tenant, ["*"], "grace"));
    const strangers = [colleague, api.tokens.add({ ...caller(api.tenant, ["*"]), issuer: "https://other.test" })];
    for (const headers of [...strangers, api.tokens.add(caller(await newTenant(api.database), ["*"]))]) {
      const response = await api.order(key, ORDER, headers);
      expect([response.status, response.headers.get("idempotency-replayed")]).toEqual([201, null]);
    }
    expect(await audit(api.database, api.tenant)).toMatchObject({ orders: 3 });
  });

  it("is checked after permissions: one who may no longer write gets no recorded answer", async () => {
    const key = randomUUID();
    expect((await api.order(key)).status).toBe(201);
    const demoted = api.tokens.add(caller(api.tenant, ["orders:read"]));
    expect((await api.order(key, ORDER, demoted)).status).toBe(403);
  });

  it("refuses a second request while the first is under way, and answers it later", async () => {
    const key = randomUUID();
    const arrived = api.gate.hold();
    const first = api.order(key);
    await arrived;
    const second = await api.order(key);
    expect(second.headers.get("retry-after")).toBe("1");
    expect(await problem(second)).toMatchObject({ status: 409, type: "idempotency-key-in-use" });
    api.gate.release();
    expect((await first).status).toBe(201);
    expect((await api.order(key)).headers.get("idempotency-replayed")).toBe("true");
    expect(await audit(api.database, api.tenant)).toMatchObject({ orders: 1 });
  });

  it("makes one order of fifty requests at once", async () => {
    const key = randomUUID();
    const responses = await Promise.all(Array.from({ length: 50 }, () => api.order(key)));
    const statuses = responses.map(({ status }) => status);
    expect(statuses.filter((status) => status !== 201 && status !== 409)).toEqual([]);
    expect(statuses).toContain(201);
    expect(await audit(api.database, api.tenant)).toMatchObject({ orders: 1, reserved: 2 });
  });

  it("[60] makes one order when the connection drops before the answer, and again", async () => {
    const key = randomUUID();
    for (let cuts = 0; cuts < 3; ) {
      const arrived = api.gate.hold().then(() => true);
      const controller = new AbortController();
      const cut = fetch(`${api.served.base}/api/orders`, {
        method: "POST",
        headers: { "content-type": "application/json", ...api.clerk, "idempotency-key": key },
        body: JSON.stringify(ORDER),
        signal: controller.signal,
      }).then(
        () => false,
        () => false,
      );
      // Refused while the one before is still under way: tried again, as a client does.
      if (await Promise.race([arrived, cut])) cuts += 1;
      controller.abort();
      await cut;
      api.gate.release();
    }
    let answer = await api.order(key);
    while (answer.status === 409) answer = await api.order(key);
    expect(answer.headers.get("idempotency-replayed")).toBe("true");
    expect(await answer.json()).toMatchObject({ id: "SO-1001" });
    expect(await audit(api.database, api.tenant)).toMatchObject({ orders: 1, reserved: 2 });
  });

  it("is free again when nothing was done: a body cut in the middle, a failure of the server", async () => {
    const key = randomUUID();
    const socket = connectTcp(Number(new URL(api.served.base).port), "127.0.0.1");
    const body = JSON.stringify(ORDER);
    const head = [
      "POST /api/orders HTTP/1.1",
      "Host: x",
      `Authorization: ${api.clerk.authorization}`,
      "Content-Type: application/json",
      `Idempotency-Key: ${key}`,
      `Content-Length: ${body.length}`,
    ];
    await new Promise<void>((resolve) =>
      socket.write(`${head.join("\r\n")}\r\n\r\n${body.slice(0, 10)}`, () => resolve()),
    );
    socket.destroy();
    await api.database.query("ALTER TABLE order_lines RENAME TO gone");
    const failed = await api.order(key);
    await api.database.query("ALTER TABLE gone RENAME TO order_lines");
    expect(await problem(failed)).toMatchObject({ status: 500, type: "internal" });
    const answer = await api.order(key);
    expect([answer.status, answer.headers.get("idempotency-replayed")]).toEqual([201, null]);
  });

  it("is as good as new after its time, and old keys go", async () => {
    const key = randomUUID();
    expect((await api.order(key)).status).toBe(201);
    await api.database.query("UPDATE idempotency_keys SET expires_at = now()");
    const later = await api.order(key, { ...ORDER, customer: "Eve" });
    expect([later.status, later.headers.get("idempotency-replayed")]).toEqual([201, null]);
    for (let count = 0; count < 5; count += 1) await api.order(randomUUID());
    const old = await api.database.query("SELECT key FROM idempotency_keys WHERE expires_at <= now()");
    expect(old).toEqual([]);
  });
});
