/** [84, S25, S26] Every redirect of a guarded fetch is a fetch of its own: checked again, without what is not for everybody. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createGuardedFetch, type GuardedFetchOptions } from "../../src/guarded-fetch.js";
import { fakeNames, type WebServer, webServer } from "./helpers/web-servers.js";

/** A header is written byte by byte. */
const bytesOf = (text: string) => Buffer.from(text, "utf8").toString("latin1");
/** What `/to/<status>?<url>` of the first server leads to. */
let first: WebServer;
let second: WebServer;
beforeEach(async () => {
  first = await webServer(({ url = "", method }, response) => {
    const [, status = "", target = ""] = /^\/to\/(\d+)\?(.*)$/.exec(url) ?? [];
    if (status === "") response.end(`first ${method}`);
    else response.writeHead(Number(status), { location: bytesOf(decodeURIComponent(target)) }).end("moved");
  });
  second = await webServer(({ method }, response) => response.end(`second ${method}`));
});
afterEach(() => Promise.all([first.close(), second.close()]));

const names = fakeNames({
  "first.test": [["127.0.0.1"]],
  "second.test": [["127.0.0.1"]],
  "hidden.test": [["127.0.0.1"]],
  "turns.test": [["127.0.0.1"], ["10.0.0.1"]],
});
/** `hidden.test` is on this machine too, and nobody has allowed it. */
const create = (options: GuardedFetchOptions = {}) =>
  createGuardedFetch({ resolveHost: names.resolveHost, allow: ["first.test", "second.test"], ...options });
const via = (target: string, status = 302, host = "first.test") =>
  `http://${host}:${first.port}/to/${status}?${encodeURIComponent(target)}`;
const BLOCKED = { code: "ERR_BLOCKED_URL" };

describe("a redirect", () => {
  test.each([
    ...["http://127.0.0.1:PORT/", "http://2130706433:PORT/", "http://[::ffff:7f00:1]:PORT/", "//hidden.test:PORT/"],
    ...["http://hidden.test:PORT/", "http://169.254.169.254/latest/meta-data/", "http://[fd00:ec2::254]/"],
    ...[
      "file:///etc/passwd",
      "gopher://second.test:PORT/",
      "data:text/plain,x",
      "javascript:1",
      "http://",
      "http://[::1",
    ],
    ...["http://user:pass@second.test:PORT/"],
  ])("to %s is not followed", async (target) => {
    await expect(create()(via(target.replace("PORT", String(second.port))))).rejects.toMatchObject(BLOCKED);
    expect(second.seen).toEqual([]);
    expect(first.seen.length).toBe(1);
  });

  test("is checked wherever it is in a chain", async () => {
    const chain = via(via(`http://hidden.test:${second.port}/`));
    await expect(create()(chain)).rejects.toMatchObject(BLOCKED);
    expect([first.seen.length, second.seen.length]).toEqual([2, 0]);
  });

  test("to the same name asks for its addresses again", async () => {
    const fetch = createGuardedFetch({ resolveHost: names.resolveHost, allow: ["127.0.0.0/8"] });
    await expect(fetch(via(`/`, 302, "turns.test"))).rejects.toMatchObject(BLOCKED);
    expect(names.asked.filter((name) => name === "turns.test").length).toBe(2);
    expect(first.seen.length).toBe(1);
  });

  test("to a port that is not allowed is not followed", async () => {
    const fetch = create({ ports: [first.port] });
    await expect(fetch(via(`http://second.test:${second.port}/`))).rejects.toMatchObject(BLOCKED);
    expect(await (await fetch(via("/"))).text()).toBe("first GET");
  });

  test("to what is allowed is, and the response says where it is from", async () => {
    const response = await create()(`${via(`http://second.test:${second.port}/a?b#c`)}`);
    expect(await response.text()).toBe("second GET");
    expect(response).toMatchObject({ url: `http://second.test:${second.port}/a?b`, redirected: true, status: 200 });
  });

  test("in UTF-8 leads where it says", async () => {
    await (await create()(via("/ä b"))).text();
    expect(first.seen.at(-1)?.url).toBe("/%C3%A4%20b");
  });
});

describe("how many", () => {
  test("five by default, then ERR_LIMIT; a loop ends", async () => {
    let chain = "/";
    for (let hop = 0; hop < 5; hop += 1) chain = via(chain);
    expect(await (await create()(chain)).text()).toBe("first GET");
    await expect(create()(via(chain))).rejects.toMatchObject({ code: "ERR_LIMIT" });
    await expect(create({ maxRedirects: 0 })(via("/"))).rejects.toMatchObject({ code: "ERR_LIMIT" });
    const loop = await webServer((_request, response) => response.writeHead(302, { location: "/" }).end());
    await expect(create()(`http://first.test:${loop.port}/`)).rejects.toMatchObject({ code: "ERR_LIMIT" });
    expect(loop.seen.length).toBe(6);
    await loop.close();
  });

  test("none when the caller says so", async () => {
    const response = await create()(via("/"), { redirect: "manual" });
    expect([response.status, response.headers.get("location"), response.redirected]).toEqual([302, "/", false]);
    expect(await response.text()).toBe("moved");
    await expect(create()(via("/"), { redirect: "error" })).rejects.toMatchObject({ name: "TypeError" });
    expect(first.seen.length).toBe(2);
  });

  test("a redirect without a place is an answer", async () => {
    const lost = await webServer((_request, response) => response.writeHead(302).end("where?"));
    const response = await create()(`http://first.test:${lost.port}/`);
    expect([response.status, await response.text()]).toEqual([302, "where?"]);
    await lost.close();
  });
});

describe("secrets", () => {
  const secrets = {
    authorization: "Bearer canary",
    cookie: "session=canary",
    "x-api-key": "canary",
    "x-mcp-token": "canary",
    "proxy-authorization": "Basic canary",
  };
  const harmless = { accept: "text/html", "accept-language": "de", "user-agent": "test" };
  const ask = (url: string) => create()(url, { headers: { ...secrets, ...harmless } });

  test("stay with their origin", async () => {
    await ask(via(`http://first.test:${first.port}/`));
    const { "proxy-authorization": _ours, ...sent } = secrets;
    expect(first.seen.at(-1)?.headers).toMatchObject({ ...sent, ...harmless });
  });

  test.each([
    ["another host", () => `http://second.test:${first.port}/end`],
    ["another port", () => `http://first.test:${second.port}/end`],
    ["back again", () => via(`http://first.test:${first.port}/end`, 302, "second.test")],
  ])("do not go to %s", async (_what, target) => {
    await ask(via(target()));
    const end = [...first.seen, ...second.seen].find(({ url }) => url === "/end");
    expect(end?.headers).toMatchObject(harmless);
    expect(JSON.stringify(end)).not.toContain("canary");
  });
});

describe("methods", () => {
  const posted = { method: "POST", body: "words", headers: { "content-type": "text/plain" } };
  const last = () => first.seen.at(-1);

  test.each([301, 302, 303])("POST becomes GET after %i, and its body stays behind", async (status) => {
    await (await create()(via("/", status), posted)).text();
    expect(last()).toMatchObject({ method: "GET", body: "" });
    expect(last()?.headers["content-type"]).toBeUndefined();
  });

  test.each([307, 308])("POST stays POST after %i, body and all", async (status) => {
    await (await create()(via("/", status), posted)).text();
    expect(last()).toMatchObject({ method: "POST", body: "words", headers: { "content-type": "text/plain" } });
  });

  test("PUT becomes GET after 303 only; HEAD never", async () => {
    await (await create()(via("/", 302), { ...posted, method: "PUT" })).text();
    expect(last()).toMatchObject({ method: "PUT", body: "words" });
    await (await create()(via("/", 303), { ...posted, method: "PUT" })).text();
    expect(last()).toMatchObject({ method: "GET", body: "" });
    await create()(via("/", 303), { method: "HEAD" });
    expect(last()).toMatchObject({ method: "HEAD" });
  });
});
