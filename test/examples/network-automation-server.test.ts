import { fileURLToPath } from "node:url";
import { anonymous, type RunHandle } from "holdfast";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { NetBoxDirectory } from "../../examples/network-automation/src/devices/netbox-directory.js";
import { type Lab, startLab } from "../../examples/network-automation/src/lab/index.js";
import { NetBoxClient } from "../../examples/network-automation/src/netbox/client.js";
import { createNetworkServer, type NetworkServerOptions } from "../../examples/network-automation/src/server.js";
import {
  type ConnectOptions,
  OFFICIAL_DRIVERS,
  type OfficialClient,
  type OfficialDriver,
  type ToolResult,
  v1Driver,
  v2Driver,
} from "../support/official.js";

const FORM = { elicitation: { form: {} } };
const MAIN = fileURLToPath(new URL("../../examples/network-automation/src/main.ts", import.meta.url));

let lab: Lab;
let options: NetworkServerOptions;
const handles: RunHandle[] = [];
const clients: OfficialClient[] = [];

beforeAll(async () => {
  lab = await startLab({ stepDelayMs: 2 });
  const netbox = new NetBoxClient({ url: lab.netboxUrl, token: lab.netboxToken });
  const ssh = { credentials: lab.login, hostKeys: lab.hostKeys };
  options = { netbox, devices: { directory: new NetBoxDirectory(netbox), ssh } };
});
afterAll(() => lab.close());
afterEach(async () => {
  // Closing also judges every message of the connection against the protocol's schema.
  for (const client of clients.splice(0)) await client.close();
  for (const handle of handles.splice(0)) await handle.close();
});

async function serve(more: NetworkServerOptions = {}): Promise<string> {
  const mcp = createNetworkServer({ ...options, ...more });
  const handle = await mcp.run({ transport: "http", host: "127.0.0.1", port: 0, signals: false });
  handles.push(handle);
  return handle.url ?? "";
}

async function connect(driver: OfficialDriver, url: string, connectOptions?: ConnectOptions): Promise<OfficialClient> {
  const client = await driver.connect({ url, sseUrl: url.replace(/\/mcp$/, "/sse") }, connectOptions);
  clients.push(client);
  return client;
}

const text = ({ content }: ToolResult): string => String(content[0]?.text);
const running = (device: string): string =>
  lab.devices.find(({ name }) => name === device)?.device.config.render() ?? "";

describe.each(OFFICIAL_DRIVERS.filter(({ transport }) => transport !== "stdio"))("$label", (driver) => {
  let client: OfficialClient;
  beforeEach(async () => {
    client = await connect(driver, await serve());
  });

  it("offers the tools with their annotations", async () => {
    const tools = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(["query_netbox", "run_show_command", "push_config"]);
    expect(tools[0]?.annotations).toMatchObject({ readOnlyHint: true });
    expect(tools[2]?.annotations).toMatchObject({ readOnlyHint: false, destructiveHint: true });
  });

  it("answers from NetBox and refuses to leave the allowed paths", async () => {
    const found = await client.callTool("query_netbox", { endpoint: "dcim/devices", params: { role: "router" } });
    expect(found.isError ?? false).toBe(false);
    expect(found.structuredContent).toMatchObject({ count: 3, returned: 3, truncated: false });
    const refused = await client.callTool("query_netbox", { endpoint: "dcim/../users/tokens" });
    expect(refused.isError).toBe(true);
    expect(text(refused)).toMatch(/must not contain ".."/);
  });

  it("runs show commands over SSH, secrets removed", async () => {
    const shown = await client.callTool("run_show_command", { device: "ams1-rtr1", command: "show running-config" });
    expect(text(shown)).toMatch(/hostname ams1-rtr1[\s\S]*enable secret 9 <removed>/);
    expect(text(shown)).not.toMatch(/labonly/);
    expect(shown.structuredContent).toMatchObject({ device: "ams1-rtr1", truncated: false });
    const piped = await client.callTool("run_show_command", {
      device: "ams1-rtr1",
      command: "show version | i uptime",
    });
    expect(piped).toMatchObject({ isError: true });
    const missing = await client.callTool("run_show_command", { device: "ams1-rtr1", command: "show vlan brief" });
    expect(text(missing)).toMatch(/does not know "show vlan brief"/);
  });

  it("pushes with the user's consent, reporting progress", async () => {
    const server = `10.9.0.${OFFICIAL_DRIVERS.indexOf(driver) + 1}`;
    const asked: string[] = [];
    const elicit = ({ message }: Record<string, unknown>) => {
      asked.push(String(message));
      return { action: "accept", content: { apply: true } };
    };
    const asking = await connect(driver, handles[0]?.url ?? "", { capabilities: FORM, answers: { elicit } });
    const unwatch = await asking.subscribe({ uris: ["config://ams1-acc2/running"] });
    const progress: { progress: number; total?: number; message?: string }[] = [];
    const args = { devices: ["ams1-acc2", "ams1-acc3"], lines: [`ntp server ${server}`] };
    const result = await asking.callTool("push_config", args, { onprogress: (one) => progress.push(one) });
    expect(result.structuredContent).toMatchObject({
      confirmed_by: "user",
      summary: "2 applied",
      devices: [
        { device: "ams1-acc2", outcome: "applied" },
        { device: "ams1-acc3", outcome: "applied" },
      ],
    });
    const updated = ({ method, params }: { method: string; params?: Record<string, unknown> }) =>
      method === "notifications/resources/updated" && params?.uri === "config://ams1-acc2/running";
    expect(await asking.notifications.expect(updated)).toBeDefined();
    await unwatch();
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatch(/Push 1 line\(s\) to ams1-acc2, ams1-acc3\?\n {2}ntp server/);
    // The 2.x client adds a message of its own, without a total, while it answers a question.
    const steps = progress.filter(({ total }) => total !== undefined);
    // And when the last message arrives together with the result, the official clients drop it.
    expect(steps.map((one) => one.progress).slice(0, 9)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(steps[2]).toEqual({ progress: 3, total: 10, message: "ams1-acc2: sending the lines" });
    expect(running("ams1-acc3")).toContain(`ntp server ${server}`);
  });

  it("does nothing when the user declines", async () => {
    const elicit = () => ({ action: "decline" });
    const asking = await connect(driver, handles[0]?.url ?? "", { capabilities: FORM, answers: { elicit } });
    const before = running("ams1-core2");
    const args = { devices: ["ams1-core2"], lines: ["ntp server 10.9.9.9"], confirm: true };
    const result = await asking.callTool("push_config", args);
    expect(result.structuredContent).toMatchObject({ confirmed_by: "nobody", devices: [{ outcome: "skipped" }] });
    expect(running("ams1-core2")).toBe(before);
  });

  it("without a dialog it insists on confirm, and a dry run needs none", async () => {
    const mute = await connect(driver, handles[0]?.url ?? "", { capabilities: {} });
    const args = { devices: ["rtm1-acc1"], lines: ["vlan 77", " name CONFIRMED"] };
    const refused = await mute.callTool("push_config", args);
    expect(refused.isError).toBe(true);
    expect(text(refused)).toMatch(/call again with confirm: true/);
    const planned = await mute.callTool("push_config", { ...args, dry_run: true });
    expect(planned.structuredContent).toMatchObject({ confirmed_by: "not needed", devices: [{ lines_sent: 0 }] });
    const pushed = await mute.callTool("push_config", { ...args, confirm: true });
    expect(pushed.structuredContent).toMatchObject({ confirmed_by: "argument" });
    expect(running("rtm1-acc1")).toContain("name CONFIRMED");
  });

  it("has the inventory as resources, with completion, and a prompt", async () => {
    const resources = await client.listResources();
    expect(resources.map(({ uri }) => uri)).toContain("inventory://devices/ams1-rtr1");
    const [inventory] = await client.readResource("inventory://devices");
    expect(JSON.parse(String(inventory?.text))).toHaveLength(13);
    const [device] = await client.readResource("inventory://devices/ams1-fw1");
    expect(JSON.parse(String(device?.text))).toMatchObject({ name: "ams1-fw1", role: "Firewall" });
    const [config] = await client.readResource("config://ams1-fw1/running");
    expect(String(config?.text)).toMatch(/hostname ams1-fw1/);
    await expect(client.readResource("inventory://devices/nope")).rejects.toThrow(/no device named "nope"/);
    const template = { resource: "inventory://devices/{name}" };
    expect(await client.complete(template, { name: "name", value: "ams1-c" })).toEqual(["ams1-core1", "ams1-core2"]);
    const prompt = { prompt: "troubleshoot_device" };
    expect(await client.complete(prompt, { name: "device", value: "rtm1-r" })).toEqual(["rtm1-rtr1"]);
    const messages = await client.getPrompt("troubleshoot_device", { device: "ams1-acc1", symptom: "port 9 is down" });
    expect(JSON.stringify(messages)).toMatch(/ams1-acc1.*port 9 is down/);
  });
});

describe("permissions", () => {
  it("a reader neither sees nor calls what writes", async () => {
    const url = await serve({ mcp: { auth: anonymous({ permissions: ["netbox:read", "device:read"] }) } });
    const client = await connect(v1Driver("http"), url);
    expect((await client.listTools()).map(({ name }) => name)).toEqual(["query_netbox", "run_show_command"]);
    const before = running("ams1-core1");
    const args = { devices: ["ams1-core1"], lines: ["ntp server 10.9.9.9"], confirm: true };
    const refused = await client.callTool("push_config", args).catch((error: unknown) => error);
    expect(refused instanceof Error || (refused as ToolResult).isError === true).toBe(true);
    expect(running("ams1-core1")).toBe(before);
  });

  it("tools exist for what is configured", async () => {
    const client = await connect(v1Driver("http"), await serve({ devices: undefined }));
    expect((await client.listTools()).map(({ name }) => name)).toEqual(["query_netbox"]);
  });
});

describe("cancelling", () => {
  it.each([v1Driver("http"), v2Driver("modern", "http")])(
    "$label: devices not yet begun stay untouched",
    async (driver) => {
      const url = await serve();
      const server = `10.8.0.${driver.sdk === "v1" ? 1 : 2}`;
      const client = await connect(driver, url, { capabilities: {} });
      const controller = new AbortController();
      const onprogress = ({ message }: { message?: string }) => {
        if (message === "ams1-rtr1: sending the lines") controller.abort(new Error("enough"));
      };
      const names = ["ams1-rtr1", "ams1-rtr2", "rtm1-rtr1"];
      const args = { devices: names, lines: [`ntp server ${server}`], confirm: true };
      const call = client.callTool("push_config", args, { onprogress, signal: controller.signal });
      await expect(call).rejects.toThrow();
      await expect.poll(() => running("ams1-rtr1")).toContain(`ntp server ${server}`);
      // Long enough for the next device to have been begun, had the signal been missed.
      await new Promise((resolve) => setTimeout(resolve, 150));
      expect(running("rtm1-rtr1")).not.toContain(`ntp server ${server}`);
    },
  );
});

describe("main.ts", () => {
  it.each([v1Driver("stdio"), v2Driver("modern", "stdio")])(
    "$label: starts with the lab and serves",
    async (driver) => {
      const env = { MCP_TRANSPORT: "stdio", NETBOX_URL: "", DEVICES_FILE: "" };
      const client = await driver.connect({
        stdio: { command: process.execPath, args: ["--import", "tsx", MAIN], env },
      });
      clients.push(client);
      const found = await client.callTool("query_netbox", { endpoint: "dcim/sites" });
      expect(found.structuredContent).toMatchObject({ count: 2 });
      const shown = await client.callTool("run_show_command", { device: "rtm1-rtr1", command: "show version" });
      expect(text(shown)).toMatch(/rtm1-rtr1 uptime/);
      expect(client.stderr()).toMatch(/ready on stdio[\s\S]*built-in lab/);
    },
    15_000,
  );
});
