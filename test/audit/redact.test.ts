/** [85, S28] What looks like a credential, and what was said to be one, is in no line of the log. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stderrLogger, steadyLogger } from "../../src/util/logger.js";
import { hideFromLogs, REDACTED, redactText } from "../../src/util/redact.js";
import { redactFields } from "../../src/util/redact-value.js";
import { writtenToStderr } from "../support/stderr.js";

const CANARY = "canary_7Qx.t0k3n-5f1d9c";
const JWT = `eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZGEifQ.${"c2ln".repeat(8)}`;

describe("texts", () => {
  test.each([
    `Authorization: Bearer ${CANARY}`,
    `authorization: Basic ${CANARY}, realm="x"`,
    `{"authorization":"Bearer ${CANARY}"}`,
    JSON.stringify(JSON.stringify({ headers: { Authorization: `Custom a=${CANARY}` } })),
    `proxy-authorization=${CANARY}`,
    `Cookie: a=1; session=${CANARY}`,
    `invalid token: bearer ${CANARY}`,
    `Error: Bearer   ${CANARY}\n    at parse`,
    `DPoP ${CANARY}`,
    `https://api.test/x?access_token=${CANARY}&page=2`,
    `grant_type=x&client_secret=${CANARY}`,
    `{"refresh_token":"${CANARY}","x":1}`,
    `password=${CANARY} host=db`,
    `{\\"api_key\\":\\"${CANARY}\\"}`,
    `connect postgres://app:${CANARY}@db.test/orders`,
    `x-api-key: ${CANARY}`,
    `-----BEGIN RSA PRIVATE KEY-----\n${CANARY}\n-----END RSA PRIVATE KEY-----`,
    `-----BEGIN PRIVATE KEY-----\n${CANARY}`,
  ])("%j holds none any more", (text) => {
    const left = redactText(text);
    expect(left).not.toContain("canary");
    expect(left).toContain(REDACTED);
  });

  test.each([
    [JWT, REDACTED],
    [`jwt ${JWT.slice(0, 50)}`, `jwt ${REDACTED}`],
    ["Basic YWRhOnNlY3JldA==", `Basic ${REDACTED}`],
    [`a="${JWT}",b`, `a="${REDACTED}",b`],
  ])("%j becomes %j", (text, left) => {
    expect(redactText(text)).toBe(left);
  });

  test.each([
    "The Authorization header holds no bearer token.",
    "Bearer tokens are taken from the header.",
    'Bearer error="insufficient_scope", scope="orders:write"',
    "basic information about bearer authentication",
    // What is redacted on its way to a logger is redacted again on its way to stderr.
    `token=${REDACTED}, "password":"${REDACTED}", authorization: ${REDACTED}, Bearer ${REDACTED}`,
    "GET https://api.test/orders/5?page=2 answered 500",
    "ENOENT: no such file, open '/etc/app/config.json'",
    "token: unexpected end of input",
    "Error: no\n    at Object.read (file:///app/src/secret.ts:12:3)",
  ])("%j stays as it is", (text) => {
    expect(redactText(text)).toBe(text);
  });

  test("a secret that was configured, wherever it stands and also encoded for a URL", () => {
    const secret = `pa$$ & ${CANARY}`;
    expect(redactText(`x${secret}x`)).toContain("canary");
    hideFromLogs(secret);
    expect(redactText(`x${secret}x`)).toBe(`x${REDACTED}x`);
    expect(redactText(`q=${new URLSearchParams({ s: secret })}`)).not.toContain("canary");
    hideFromLogs("short");
    expect(redactText("short")).toBe("short");
  });

  test("takes no longer for what is made to take long", () => {
    const bombs = [
      "eyJ",
      "a://",
      "Basic a",
      "bearer auth",
      "x_token",
      "-----BEGIN PRIVATE KEY-----",
      "cookie:",
      "-----",
    ];
    for (const bomb of bombs) {
      const text = bomb.repeat(200_000 / bomb.length);
      const from = process.cpuUsage().user;
      redactText(text);
      // A quadratic pattern takes minutes; this is no measurement.
      expect(process.cpuUsage().user - from).toBeLessThan(5_000_000);
    }
  });

  test("finds them in any surroundings", () => {
    const carriers = [`Bearer ${CANARY}`, `authorization: ${CANARY}`, `token=${CANARY}`, `https://a:${CANARY}@b/`];
    const around = fc.oneof(
      fc.string(),
      fc.constantFrom("Bearer ", "authorization: ", "token=", '"', "\n", JWT, "https://"),
    );
    fc.assert(
      fc.property(around, fc.constantFrom(...carriers, JWT), around, (before, carrier, after) => {
        const left = redactText(`${before} ${carrier} ${after}`);
        expect(left).not.toMatch(/canary|eyJ/);
      }),
    );
  });
});

describe("values, as loggers of others get them", () => {
  test("what holds no credential is the same object", () => {
    const fields = { error: new Error("no"), list: [1, { a: "b" }], date: new Date(0), none: null };
    expect(redactFields(fields)).toBe(fields);
  });

  test("an error keeps its class, and loses what its request, its cause and its members hold", () => {
    class RequestError extends Error {
      override readonly name = "RequestError";
    }
    const headers = { toJSON: () => ({ Authorization: `Custom ${CANARY}`, accept: "*/*" }) };
    const cause = new TypeError(`Bearer ${CANARY}`);
    const error = Object.assign(new RequestError(`GET ?access_token=${CANARY}`, { cause }), {
      config: { headers, data: [{ password: CANARY }], url: "https://api.test" },
      token: CANARY,
    });
    const { error: seen } = redactFields({ error }) as { error: RequestError & { config: { url: string } } };
    expect(seen).toBeInstanceOf(RequestError);
    expect(seen.cause).toBeInstanceOf(TypeError);
    expect(seen.config.url).toBe("https://api.test");
    const everything = [seen.stack, seen.message, (seen.cause as Error).stack, JSON.stringify(seen)].join("\n");
    expect(everything).not.toContain("canary");
    expect(everything).toContain(REDACTED);
    // The original is the author's.
    expect(error.token).toBe(CANARY);
  });

  test("what holds itself, and what has no end, ends", () => {
    const circular: Record<string, unknown> = { token: CANARY };
    circular.self = circular;
    circular.map = new Map([["a", { password: CANARY }]]);
    circular.bytes = Buffer.from(CANARY);
    circular.many = Array.from({ length: 5000 }, () => ({ secret: CANARY }));
    expect(JSON.stringify(redactFields({ circular }))).not.toContain("canary");
  });

  test("a logger that was configured gets no credentials, and texts of what cannot be looked at", () => {
    const seen: unknown[] = [];
    const logger = steadyLogger({ log: (_level, _event, fields) => void seen.push(fields) });
    const hostile = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error(`Bearer ${CANARY}`);
        },
      },
    );
    logger.log("error", "event", { error: new Error(`Bearer ${CANARY}`), authorization: CANARY });
    logger.log("error", "event", { hostile, text: `Bearer ${CANARY}` });
    expect(seen).toHaveLength(2);
    expect(JSON.stringify(seen)).not.toContain("canary");
    expect(((seen[0] as { error: Error }).error as Error).stack).not.toContain("canary");
  });
});

describe("the logger on stderr", () => {
  const written = writtenToStderr();

  test("prints causes, without what they hold", () => {
    const root = new Error(`connect failed with authorization: Bearer ${CANARY}`);
    const error = new Error("no answer", { cause: new Error("in between", { cause: root }) });
    stderrLogger.log("error", "event", { error });
    expect(written).toHaveLength(1);
    expect(written[0]).toMatch(/no answer.*caused by Error: in between.*caused by Error: connect failed/);
    expect(written[0]).not.toContain("canary");
    expect(written[0]?.indexOf("\n")).toBe((written[0]?.length ?? 0) - 1);
  });

  test("cuts what is too long, and no credential in half", () => {
    const text = `${"x".repeat(16_380)} ${JWT} ${"y".repeat(100_000)}`;
    stderrLogger.log("error", "event", { text });
    expect(written[0]?.length).toBeLessThan(17_000);
    expect(written[0]).not.toContain("eyJ");
    const circular = new Error("again");
    circular.cause = circular;
    stderrLogger.log("error", "event", { circular });
    expect(written[1]?.match(/caused by/g)).toHaveLength(4);
  });

  test("escapes what turns the direction of a line", () => {
    stderrLogger.log("error", "event", { name: "a\u202egnp.exe\u2066\ufeff" });
    expect(written[0]).toContain(String.raw`a\u202egnp.exe\u2066\ufeff`);
  });
});
