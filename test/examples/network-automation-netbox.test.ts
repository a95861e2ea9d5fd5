import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { NetworkError } from "../../examples/network-automation/src/errors.js";
import { type Lab, startLab } from "../../examples/network-automation/src/lab/index.js";
import { NetBoxClient, type NetBoxOptions } from "../../examples/network-automation/src/netbox/client.js";
import { API_ROOTS, parseEndpoint } from "../../examples/network-automation/src/netbox/endpoint.js";

let lab: Lab;
let netbox: NetBoxClient;
const servers: Server[] = [];

beforeAll(async () => {
  lab = await startLab({ stepDelayMs: 0 });
  netbox = new NetBoxClient({ url: lab.netboxUrl, token: lab.netboxToken });
});
afterAll(() => lab.close());
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** A NetBox of our own making, for what a healthy one never does. */
async function fake(listener: RequestListener, options: Partial<NetBoxOptions> = {}): Promise<NetBoxClient> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return new NetBoxClient({ url: `http://127.0.0.1:${port}`, token: "t", ...options });
}

async function failure(work: Promise<unknown>): Promise<NetworkError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(NetworkError);
  return error as NetworkError;
}

const names = (results: Record<string, unknown>[]): unknown[] => results.map(({ name }) => name);

describe("query against the lab", () => {
  it("lists objects in NetBox's envelope, with the total count", async () => {
    const found = await netbox.query({ endpoint: "dcim/devices" });
    expect(found).toMatchObject({ count: 13, returned: 13, truncated: false });
    expect(found.results[0]).toMatchObject({
      name: "ams1-rtr1",
      role: { slug: "router" },
      status: { value: "active" },
    });
  });

  it("follows next links until the limit, and says where to go on", async () => {
    const all = await netbox.query({ endpoint: "dcim/interfaces", limit: 1_000 });
    expect(all.count).toBeGreaterThan(100);
    expect(new Set(all.results.map(({ id }) => id)).size).toBe(all.count);
    const some = await netbox.query({ endpoint: "dcim/interfaces", limit: 7 });
    expect(some).toMatchObject({ count: all.count, returned: 7, truncated: true, next_offset: 7 });
    const rest = await netbox.query({ endpoint: "dcim/interfaces", params: { offset: 7 }, limit: 5 });
    expect(rest.results.map(({ id }) => id)).toEqual([8, 9, 10, 11, 12]);
    expect(rest.next_offset).toBe(12);
  });

  it.each([
    [{ name__ic: "CORE" }, ["ams1-core1", "ams1-core2"]],
    [{ name: ["ams1-rtr1", "rtm1-rtr1"] }, ["ams1-rtr1", "rtm1-rtr1"]],
    [{ site: "rtm1", role__n: "access-switch" }, ["rtm1-rtr1", "rtm1-ap1"]],
    [{ id: [1, 3] }, ["ams1-rtr1", "ams1-fw1"]],
    [{ q: "acc3" }, ["ams1-acc3"]],
    [{ status: "planned" }, ["rtm1-acc2"]],
    [{ site: "rtm1", ordering: "-name", limit: 2 }, ["rtm1-rtr1", "rtm1-ap1"]],
  ])("filters by %j", async (params, expected) => {
    expect(names((await netbox.query({ endpoint: "dcim/devices", params })).results)).toEqual(expected);
  });

  it("reads one object, a root, and brief or chosen fields", async () => {
    expect((await netbox.query({ endpoint: "/api/dcim/sites/2/" })).results).toMatchObject([{ slug: "rtm1" }]);
    expect(Object.keys((await netbox.query({ endpoint: "ipam" })).results[0] ?? {})).toContain("ip-addresses");
    expect((await netbox.query({ endpoint: "status" })).results[0]).toHaveProperty("netbox-version");
    const brief = await netbox.query({ endpoint: "dcim/devices", params: { brief: true }, limit: 1 });
    expect(Object.keys(brief.results[0] ?? {})).toEqual(["id", "url", "display", "name", "description"]);
    const full = await netbox.query({ endpoint: "dcim/devices", params: { brief: false }, limit: 1 });
    expect(full.results[0]).toHaveProperty("serial");
    const fields = await netbox.query({ endpoint: "dcim/devices", params: { fields: "id,name" }, limit: 1 });
    expect(fields.results).toEqual([{ id: 1, name: "ams1-rtr1" }]);
  });

  it("documents cables and addresses that agree with the devices", async () => {
    const [device] = (await netbox.query({ endpoint: "dcim/devices", params: { name: "ams1-acc1" } })).results;
    expect(device?.primary_ip).toMatchObject({ address: "10.20.0.21/24" });
    const [uplink] = (
      await netbox.query({
        endpoint: "dcim/interfaces",
        params: { device: "ams1-acc1", name: "TenGigabitEthernet1/1/1" },
      })
    ).results;
    expect(uplink?.connected_endpoints).toMatchObject([{ device: { name: "ams1-core1" } }]);
  });
});

describe("errors a model can act on", () => {
  it("404: names the endpoints that exist, or the missing id", async () => {
    const unknown = await failure(netbox.query({ endpoint: "dcim/routers" }));
    expect(unknown).toMatchObject({ code: "not_found" });
    expect(unknown.message).toMatch(/no endpoint "dcim\/routers\/".*devices.*interfaces/);
    expect((await failure(netbox.query({ endpoint: "dcim/devices/999" }))).message).toMatch(
      /no object with id 999 in dcim\/devices/,
    );
  });

  it("400: passes on NetBox's own words", async () => {
    const error = await failure(
      netbox.query({ endpoint: "dcim/devices", params: { status: "broken", site: "nowhere" } }),
    );
    expect(error.code).toBe("invalid");
    expect(error.message).toMatch(/status: Select a valid choice\. broken.*site: Select a valid choice\. nowhere/);
  });

  it("403: tells a bad token from a missing permission, and sends v2 tokens as Bearer", async () => {
    const bad = new NetBoxClient({ url: lab.netboxUrl, token: "wrong" });
    expect((await failure(bad.query({ endpoint: "dcim/sites" }))).message).toMatch(
      /did not accept the token \("Invalid v1 token"\)/,
    );
    const none = new NetBoxClient({ url: lab.netboxUrl, token: "" });
    expect((await failure(none.query({ endpoint: "dcim/sites" }))).message).toMatch(/credentials were not provided/);
    const limited = new NetBoxClient({ url: `${lab.netboxUrl}/api/`, token: lab.limitedToken });
    expect((await limited.query({ endpoint: "dcim/sites" })).count).toBe(2);
    expect((await failure(limited.query({ endpoint: "ipam/vlans" }))).message).toMatch(
      /lacks permission to view ipam\/vlans/,
    );
    const schemes: unknown[] = [];
    for (const token of ["nbt_key.secret", "0123456789"]) {
      const client = await fake(
        (request, response) => response.end(JSON.stringify([schemes.push(request.headers.authorization)])),
        { token },
      );
      await client.query({ endpoint: "dcim/sites" });
    }
    expect(schemes).toEqual(["Bearer nbt_key.secret", "Token 0123456789"]);
  });

  it("timeout, cancel, refused connection, unknown host", async () => {
    const hanging = await fake(() => undefined, { timeoutMs: 50 });
    expect(await failure(hanging.query({ endpoint: "dcim/sites" }))).toMatchObject({ code: "timeout" });
    const patient = await fake(() => undefined);
    expect(await failure(patient.query({ endpoint: "dcim/sites", signal: AbortSignal.timeout(20) }))).toMatchObject({
      code: "cancelled",
    });
    const nobody = await fake((_request, response) => response.end());
    servers.at(-1)?.close();
    expect((await failure(nobody.query({ endpoint: "dcim/sites" }))).message).toMatch(/connection refused.*NETBOX_URL/);
  });

  it("a body that stalls half-way counts against the timeout", async () => {
    const stalling = await fake((_request, response) => response.write("{"), { timeoutMs: 60 });
    expect(await failure(stalling.query({ endpoint: "dcim/sites" }))).toMatchObject({ code: "timeout" });
  });

  it("too much: an endless page is cut, a large answer is shortened", async () => {
    const endless = await fake(
      (_request, response) => {
        const pump = (): void => {
          while (response.write("x".repeat(65_536)));
        };
        response.on("drain", pump);
        pump();
      },
      { maxPageBytes: 200_000 },
    );
    expect(await failure(endless.query({ endpoint: "dcim/sites" }))).toMatchObject({ code: "too_large" });
    const small = new NetBoxClient({ url: lab.netboxUrl, token: lab.netboxToken, maxResultBytes: 4_000 });
    const cut = await small.query({ endpoint: "dcim/devices" });
    expect(cut).toMatchObject({ count: 13, truncated: true, next_offset: cut.returned });
    expect(cut.returned).toBeLessThan(5);
    const tiny = new NetBoxClient({ url: lab.netboxUrl, token: lab.netboxToken, maxResultBytes: 100 });
    expect((await failure(tiny.query({ endpoint: "dcim/devices" }))).message).toMatch(/"fields"/);
  });

  it("redirects, login pages and crashes are explained, never followed", async () => {
    let stolen = 0;
    const thief = await fake((_request, response) => response.end(String(stolen++)));
    expect(thief).toBeDefined();
    const port = (servers[0]?.address() as AddressInfo | undefined)?.port;
    const redirecting = await fake((_request, response) =>
      response.writeHead(302, { location: `http://127.0.0.1:${port}/` }).end(),
    );
    expect((await failure(redirecting.query({ endpoint: "dcim/sites" }))).message).toMatch(
      /redirects to http:.*correct NETBOX_URL/,
    );
    const login = await fake((_request, response) => response.end("<html>Log in</html>"));
    expect((await failure(login.query({ endpoint: "dcim/sites" }))).message).toMatch(/not JSON/);
    const crash = await fake((_request, response) =>
      response.writeHead(500).end('{"error":"boom","exception":"KeyError","netbox_version":"4.5"}'),
    );
    expect((await failure(crash.query({ endpoint: "dcim/sites" }))).message).toMatch(
      /HTTP 500: error: boom; exception: KeyError\./,
    );
    expect(stolen).toBe(0);
  });

  it("a next link to another origin or path is not followed", async () => {
    for (const next of ["http://169.254.169.254/latest/", "/api/users/tokens/", "not a url at all:"]) {
      let asked = 0;
      const body = { count: 2, next, previous: null, results: [{ id: 1 }] };
      const odd = await fake((_request, response) => {
        asked += 1;
        response.end(JSON.stringify(body));
      });
      const found = await odd.query({ endpoint: "dcim/sites" });
      expect(found).toMatchObject({ returned: 1, truncated: true, next_offset: 1 });
      expect(found.note).toMatch(/was not followed/);
      expect(asked).toBe(1);
    }
  });

  it("a next link that goes round in circles ends", async () => {
    const circle = await fake((request, response) => {
      response.end(
        JSON.stringify({ count: 9_999, next: `http://${request.headers.host}${request.url}`, results: [{ id: 1 }] }),
      );
    });
    expect((await circle.query({ endpoint: "dcim/sites", limit: 1_000 })).returned).toBeLessThanOrEqual(50);
  });

  it("hides secrets and refuses to filter by them", async () => {
    const leaky = await fake((_request, response) => {
      response.end(
        JSON.stringify({
          count: 1,
          next: null,
          results: [{ ssid: "x", auth_psk: "hunter2", nested: { secret: "s", description: "fine" } }],
        }),
      );
    });
    const found = await leaky.query({ endpoint: "wireless/wireless-lans" });
    expect(found.results).toEqual([
      { ssid: "x", auth_psk: "[redacted]", nested: { secret: "[redacted]", description: "fine" } },
    ]);
    expect(
      await failure(leaky.query({ endpoint: "wireless/wireless-lans", params: { auth_psk__isw: "h" } })),
    ).toMatchObject({ code: "refused" });
  });

  it.each([
    [{ limit: -1 }],
    [{ offset: "x" }],
    [{ "a b": 1 }],
    [{ format: "api" }],
    [{ start: 3 }],
    [{ id: Array.from({ length: 99 }, (_, n) => n) }],
  ])("refuses the parameters %j before asking", async (params) => {
    expect(await failure(netbox.query({ endpoint: "dcim/devices", params }))).toMatchObject({ code: "invalid" });
  });
});

describe("endpoints cannot leave the allowed paths", () => {
  it.each([
    "../users/tokens",
    "dcim/../users/tokens",
    "dcim/devices/../../users/tokens",
    "dcim/%2e%2e/users",
    "dcim%2fdevices",
    "http://evil.example/api/dcim/devices",
    "//evil.example/dcim",
    "dcim/devices?limit=0",
    "dcim/devices/#x",
    "dcim\\..\\users",
    "users/tokens",
    "plugins/x",
    "api/users/tokens",
    "dcim/devices/1/render-config",
    "dcim/devices/1/trace/2",
    "dcim//devices",
    "dcim/devices/abc",
    "",
    "/",
    "api",
    "DCIM/devices",
    "dcim/devices\n",
    "status/x",
    "dcim/devices@evil",
    "__proto__",
    "dcim/devices/..;/users",
    "dcim/．．/users",
    "a".repeat(200),
  ])("refuses %j", (endpoint) => {
    expect(() => parseEndpoint(endpoint)).toThrow(NetworkError);
  });

  it("whatever is accepted stays under its API root (property)", () => {
    const piece = fc.oneof(
      fc.constantFrom(
        ...API_ROOTS,
        "devices",
        "..",
        ".",
        "%2e%2e",
        "//",
        "/",
        "\\",
        "?",
        "#",
        "@",
        ":",
        "1",
        "trace",
        "api",
      ),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), fc.constantFrom("/", ""), (pieces, glue) => {
        let path: string;
        try {
          path = parseEndpoint(pieces.join(glue)).path;
        } catch (error) {
          expect(error).toBeInstanceOf(NetworkError);
          return;
        }
        const url = new URL(path, "https://netbox.example/base/api/");
        expect(url.origin).toBe("https://netbox.example");
        expect(url.pathname).toMatch(
          /^\/base\/api\/(?:circuits|core|dcim|extras|ipam|tenancy|virtualization|vpn|wireless|status)\/(?:[a-z0-9-]+\/)*$/,
        );
        expect(url.search + url.hash).toBe("");
      }),
      { numRuns: 2_000 },
    );
  });
});
