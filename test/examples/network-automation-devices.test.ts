import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { parseConfigLines } from "../../examples/network-automation/src/commands/config-lines.js";
import type { ConfigNode } from "../../examples/network-automation/src/commands/config-tree.js";
import { readConfiguration } from "../../examples/network-automation/src/config.js";
import type { DeviceDirectory, DeviceTarget } from "../../examples/network-automation/src/devices/directory.js";
import { FileDirectory } from "../../examples/network-automation/src/devices/file-directory.js";
import { hostKeysFrom, readHostKeys } from "../../examples/network-automation/src/devices/host-keys.js";
import { NetBoxDirectory } from "../../examples/network-automation/src/devices/netbox-directory.js";
import { type Lab, startLab } from "../../examples/network-automation/src/lab/index.js";
import { NetBoxClient } from "../../examples/network-automation/src/netbox/client.js";
import { applyConfig } from "../../examples/network-automation/src/push/apply.js";
import type { DeviceOutcome } from "../../examples/network-automation/src/push/outcome.js";
import { rollOut } from "../../examples/network-automation/src/push/rollout.js";
import { connect, type SshOptions } from "../../examples/network-automation/src/ssh/connect.js";
import { runCommand } from "../../examples/network-automation/src/ssh/exec.js";
import { DeviceShell } from "../../examples/network-automation/src/ssh/shell.js";

let lab: Lab;
let ssh: SshOptions;
let directory: DeviceDirectory;

beforeAll(async () => {
  lab = await startLab({ stepDelayMs: 0 });
  ssh = { credentials: lab.login, hostKeys: lab.hostKeys };
  directory = new NetBoxDirectory(new NetBoxClient({ url: lab.netboxUrl, token: lab.netboxToken }));
});
afterAll(() => lab.close());

const show = async (device: string, command: string, options: SshOptions = ssh): Promise<string> =>
  (await runCommand(await directory.find(device), command, options)).output;

const running = (device: string): string =>
  lab.devices.find(({ name }) => name === device)?.device.config.render() ?? "";

interface Pushed {
  readonly outcomes: DeviceOutcome[];
  readonly progress: [number, number, string][];
}

async function push(
  names: string[],
  lines: string[],
  more: { dryRun?: boolean; signal?: AbortSignal; onProgress?: (message: string) => void; ssh?: SshOptions } = {},
): Promise<Pushed> {
  const targets: DeviceTarget[] = [];
  for (const name of names) targets.push(await directory.find(name));
  const progress: [number, number, string][] = [];
  const outcomes = await rollOut({
    targets,
    plan: { nodes: parseConfigLines(lines), dryRun: more.dryRun ?? false },
    ssh: more.ssh ?? ssh,
    signal: more.signal ?? new AbortController().signal,
    progress: (done, total, message) => {
      progress.push([done, total, message]);
      more.onProgress?.(message);
    },
  });
  return { outcomes, progress };
}

describe("inventory", () => {
  it("from NetBox: targets, summaries, completion", async () => {
    expect(await directory.find("ams1-core1")).toMatchObject({
      name: "ams1-core1",
      host: "127.0.0.1",
      port: expect.any(Number),
    });
    expect(await directory.list()).toHaveLength(13);
    expect(await directory.describe("ams1-core1")).toEqual({
      name: "ams1-core1",
      role: "Core Switch",
      site: "Amsterdam HQ",
      platform: "Cisco IOS XE",
      model: "C9500-24Y4C",
      status: "active",
      address: "10.20.0.11",
    });
    expect(await directory.names("RTM1-a")).toEqual(["rtm1-acc1", "rtm1-ap1", "rtm1-acc2"]);
    await expect(directory.find("nope")).rejects.toThrow(/no device named "nope".*ams1-rtr1/);
    await expect(directory.find("x\ny")).rejects.toThrow(/no device named/);
    await expect(directory.find("rtm1-acc2")).rejects.toThrow(/status planned\) has no primary IP/);
  });

  it("pages through an inventory larger than one answer", async () => {
    const small = new NetBoxClient({ url: lab.netboxUrl, token: lab.netboxToken, maxResultBytes: 3_000 });
    expect((await new NetBoxDirectory(small).list()).map(({ name }) => name)).toEqual(
      (await directory.list()).map(({ name }) => name),
    );
  });

  it("from a file, with pinned keys from another", () => {
    const folder = mkdtempSync(join(tmpdir(), "holdfast-devices-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const write = (name: string, value: unknown): string => {
      writeFileSync(join(folder, name), JSON.stringify(value));
      return join(folder, name);
    };
    const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB+cWegtQoSa6GY0VykdOk48jwG0uLVyUcLXr0v/n1En";
    const keys = readHostKeys(write("keys.json", { sw1: key, "10.0.0.9:2222": [`SHA256:${"A".repeat(43)}`] }));
    expect(keys.pinsFor({ name: "sw1", host: "h", port: 22 })[0]).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
    expect(keys.pinsFor({ name: "other", host: "10.0.0.9", port: 2222 })).toHaveLength(1);
    expect(keys.pinsFor({ name: "other", host: "10.0.0.9", port: 22 })).toEqual([]);
    expect(() => readHostKeys(write("bad.json", { sw1: "nonsense" }))).toThrow(/SSH_HOST_KEYS_FILE.*sw1/);
    expect(() => FileDirectory.read(write("empty.json", {}))).toThrow(/is not an inventory[\s\S]*Expected/);
    const devices = write("devices.json", { devices: [{ name: "sw1", host: "10.0.0.2", role: "switch" }] });
    const configured = readConfiguration({ DEVICES_FILE: devices, SSH_USERNAME: "u", SSH_PASSWORD: "p" });
    expect(configured).toMatchObject({ kind: "configured", netbox: undefined });
    expect(configured.kind === "configured" && configured.notes.join()).toMatch(/NETBOX_URL.*SSH_HOST_KEYS_FILE/);
  });

  it("without configuration there is the lab; half a configuration is an error or a note", () => {
    expect(readConfiguration({ NETBOX_URL: " " })).toEqual({ kind: "lab" });
    expect(() => readConfiguration({ NETBOX_URL: "netbox.example" })).toThrow(/NETBOX_URL is not a URL/);
    expect(() => readConfiguration({ NETBOX_URL: "https://n", SSH_USERNAME: "u" })).toThrow(
      /SSH_PASSWORD nor SSH_KEY_FILE/,
    );
    expect(() => readConfiguration({ NETBOX_URL: "https://n", NETBOX_TIMEOUT_MS: "soon" })).toThrow(
      /NETBOX_TIMEOUT_MS/,
    );
    expect(readConfiguration({ NETBOX_URL: "https://n", NETBOX_TOKEN: "t" })).toMatchObject({
      devices: undefined,
      notes: [expect.stringMatching(/SSH_USERNAME/)],
    });
  });
});

describe("show commands over SSH", () => {
  it.each([
    ["ams1-rtr1", "show version", /Cisco IOS XE Software.*\nams1-rtr1 uptime/],
    ["ams1-rtr1", "show ip interface brief", /GigabitEthernet0\/0\/0 +203\.0\.113\.2 +YES manual up +up/],
    ["ams1-acc1", "show interfaces status", /Gi1\/0\/12 +disabled +40/],
    [
      "ams1-acc1",
      "show interfaces GigabitEthernet1/0/9",
      /GigabitEthernet1\/0\/9 is up.*\n {2}Description: to ams1-ap1/,
    ],
    ["ams1-core1", "show vlan brief", /20 +USERS +active/],
    [
      "ams1-rtr1",
      "show ip route",
      /S\* +0\.0\.0\.0\/0 \[1\/0\] via 203\.0\.113\.1\nC +203\.0\.113\.0\/30 is directly connected/,
    ],
    ["ams1-core1", "show cdp neighbors", /ams1-acc1 +Twe1\/0\/4.*Te1\/1\/1/],
    [
      "rtm1-acc1",
      "show running-config",
      /hostname rtm1-acc1[\s\S]*interface Vlan10\n description Management\n ip address 10\.30\.0\.21 255\.255\.255\.0[\s\S]*end$/,
    ],
    [
      "rtm1-acc1",
      "show running-config interface Vlan10",
      /^Building configuration[\s\S]*interface Vlan10\n description Management/,
    ],
    ["ams1-rtr1", "show vlan brief", /% Invalid input/],
  ])("%s: %s", async (device, command, expected) => {
    expect(await show(device, command)).toMatch(expected);
  });

  it("a host key that is missing or wrong stops before the password", async () => {
    await expect(show("ams1-rtr1", "show version", { ...ssh, hostKeys: hostKeysFrom({}) })).rejects.toThrow(
      /no SSH host key is pinned.*SHA256:/,
    );
    const other = hostKeysFrom({ "ams1-rtr1": lab.devices[1]?.fingerprint ?? "" });
    await expect(show("ams1-rtr1", "show version", { ...ssh, hostKeys: other })).rejects.toThrow(/not the pinned one/);
  });

  it("a wrong password, a closed port and a silent host are told apart", async () => {
    const credentials = { username: "lab", password: "wrong" };
    await expect(show("ams1-rtr1", "show version", { ...ssh, credentials })).rejects.toMatchObject({
      code: "forbidden",
    });
    const silent = createServer((socket) => socket.resume());
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const target = { name: "x", host: "127.0.0.1", port: (silent.address() as AddressInfo).port };
    await expect(runCommand(target, "show version", { ...ssh, connectTimeoutMs: 80 })).rejects.toMatchObject({
      code: "timeout",
    });
    await expect(runCommand(target, "show version", ssh, AbortSignal.timeout(30))).rejects.toMatchObject({
      code: "cancelled",
    });
    await new Promise((resolve) => silent.close(resolve));
    await expect(runCommand(target, "show version", ssh)).rejects.toThrow(/connection refused/);
  });

  it("output and time are bounded", async () => {
    const target = await directory.find("ams1-acc1");
    const cut = await runCommand(target, "show running-config", { ...ssh, maxOutputBytes: 300 });
    expect(cut.truncated).toBe(true);
    expect(cut.output.length).toBeLessThanOrEqual(300);
    const slow = await startLab({ stepDelayMs: 400 });
    try {
      const { port, name } = slow.devices[0] ?? { port: 0, name: "" };
      const options = { credentials: slow.login, hostKeys: slow.hostKeys };
      const slowTarget = { name, host: "127.0.0.1", port };
      await expect(runCommand(slowTarget, "show version", { ...options, commandTimeoutMs: 60 })).rejects.toMatchObject({
        code: "timeout",
      });
      await expect(runCommand(slowTarget, "show version", options, AbortSignal.timeout(200))).rejects.toMatchObject({
        code: "cancelled",
      });
    } finally {
      await slow.close();
    }
  });
});

describe("pushing configuration", () => {
  it("applies, reports every step, verifies, and the second time there is nothing to do", async () => {
    const lines = [
      "interface Gi1/0/3",
      " description printer 3rd floor",
      " switchport access vlan 30",
      "ntp server 10.20.50.9",
    ];
    const { outcomes, progress } = await push(["ams1-acc1", "ams1-acc2"], lines);
    expect(outcomes).toMatchObject([
      { device: "ams1-acc1", outcome: "applied", lines_sent: 4 },
      { device: "ams1-acc2", outcome: "applied" },
    ]);
    expect(outcomes[0]?.changes).toContain("+ interface GigabitEthernet1/0/3 / switchport access vlan 30");
    expect(progress.map(([done]) => done)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(new Set(progress.map(([, total]) => total))).toEqual(new Set([10]));
    expect(progress[2]?.[2]).toBe("ams1-acc1: sending the lines");
    expect(await show("ams1-acc1", "show interfaces status")).toMatch(/Gi1\/0\/3 +printer 3rd floor +connected +30/);
    expect(await show("ams1-acc1", "show logging")).toMatch(/%SYS-5-CONFIG_I: Configured from console by lab/);
    const again = await push(["ams1-acc1"], lines);
    expect(again.outcomes).toMatchObject([{ outcome: "unchanged", changes: [], lines_sent: 0 }]);
  });

  it("a shutdown shows on both ends of the link", async () => {
    await push(["ams1-core1"], ["interface TwentyFiveGigE1/0/5", "shutdown"]);
    expect(await show("ams1-acc2", "show ip interface brief")).toMatch(/TenGigabitEthernet1\/1\/1.*down +down/);
    await push(["ams1-core1"], ["interface TwentyFiveGigE1/0/5", "no shutdown"]);
    expect(await show("ams1-acc2", "show ip interface brief")).toMatch(/TenGigabitEthernet1\/1\/1.*up +up/);
  });

  it("a dry run plans and changes nothing", async () => {
    const before = running("ams1-core2");
    const { outcomes } = await push(["ams1-core2"], ["vlan 70", " name LAB", "no ntp server"], { dryRun: true });
    expect(outcomes).toMatchObject([
      { outcome: "planned", lines_sent: 0, changes: ["+ vlan 70", "+ vlan 70 / name LAB", "- ntp server 10.20.50.4"] },
    ]);
    expect(running("ams1-core2")).toBe(before);
  });

  it("a refused line ends the rollout and says what was already sent", async () => {
    const { outcomes } = await push(
      ["ams1-core2", "ams1-acc3"],
      ["ntp server 10.20.50.8", "interface GigabitEthernet9/9/9", " description x"],
    );
    expect(outcomes[0]).toMatchObject({ outcome: "failed", lines_sent: 1 });
    expect(outcomes[0]?.message).toMatch(
      /refused "interface GigabitEthernet9\/9\/9": % Invalid input.*1 line\(s\) before that/,
    );
    expect(outcomes[1]).toMatchObject({
      outcome: "skipped",
      message: expect.stringMatching(/ams1-core2 ended as failed/),
    });
  });

  it("lines the device does not show afterwards are reported, not assumed", async () => {
    const { outcomes } = await push(["ams1-acc3"], ["interface Gi1/0/2", " description a", " description b"]);
    expect(outcomes).toMatchObject([{ outcome: "unverified", message: expect.stringMatching(/description a/) }]);
  });

  it("an unreachable device does not end the rollout", async () => {
    const keys = hostKeysFrom(
      Object.fromEntries(
        lab.devices.filter(({ name }) => name !== "ams1-acc1").map(({ name, fingerprint }) => [name, fingerprint]),
      ),
    );
    const { outcomes } = await push(["ams1-acc1", "ams1-acc2"], ["ntp server 10.20.50.6"], {
      ssh: { ...ssh, hostKeys: keys },
    });
    expect(outcomes).toMatchObject([
      { outcome: "failed", message: expect.stringMatching(/Nothing was changed/) },
      { outcome: "applied" },
    ]);
  });

  it("cancelling finishes the device at hand and skips the rest", async () => {
    const controller = new AbortController();
    const onProgress = (message: string): void => {
      if (message === "ams1-rtr1: sending the lines") controller.abort();
    };
    const { outcomes } = await push(["ams1-rtr1", "ams1-rtr2", "rtm1-rtr1"], ["ntp server 10.20.50.7"], {
      signal: controller.signal,
      onProgress,
    });
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(["applied", "skipped", "skipped"]);
    expect(running("ams1-rtr1")).toContain("ntp server 10.20.50.7");
    expect(running("ams1-rtr2")).not.toContain("ntp server 10.20.50.7");
  });

  it("cancelling before the lines are sent leaves the device alone", async () => {
    const controller = new AbortController();
    const onProgress = (message: string): void => {
      if (message.endsWith("comparing with the running configuration")) controller.abort();
    };
    const { outcomes } = await push(["ams1-rtr2"], ["ntp server 10.20.50.7"], {
      signal: controller.signal,
      onProgress,
    });
    expect(outcomes).toMatchObject([{ outcome: "skipped", lines_sent: 0 }]);
    expect(running("ams1-rtr2")).not.toContain("ntp server 10.20.50.7");
  });
});

describe("typing into configuration mode", () => {
  /** Past the deny list on purpose: the prompt is the second line of defence. */
  async function type(nodes: ConfigNode[]): Promise<{ error: unknown; sent: number }> {
    const client = await connect(await directory.find("rtm1-rtr1"), ssh);
    const progress = { begun: false, sent: 0 };
    try {
      const shell = await DeviceShell.open(client, "rtm1-rtr1", 500);
      const error = await applyConfig(shell, nodes, progress).catch((reason: unknown) => reason);
      return { error, sent: progress.sent };
    } finally {
      client.end();
    }
  }
  const leaf = (line: string): ConfigNode => ({ line, children: [] });

  it("stops when a line leaves configuration mode", async () => {
    const { error, sent } = await type([leaf("end"), leaf("reload")]);
    expect(error).toMatchObject({ message: expect.stringMatching(/"end" left configuration mode/) });
    expect(sent).toBe(1);
  });

  it("stops when a line opens no section for the lines under it", async () => {
    const before = running("rtm1-rtr1");
    const { error } = await type([{ line: "ntp server 10.7.7.7", children: [leaf("shutdown")] }]);
    expect(error).toMatchObject({ message: expect.stringMatching(/opened no section/) });
    expect(running("rtm1-rtr1").replace(/\n!\nntp server 10\.7\.7\.7/, "")).toBe(before);
  });

  it("opens and leaves sections, whatever order they come in", async () => {
    const { error } = await type([
      leaf("interface Loopback9"),
      leaf("ntp server 10.7.7.8"),
      { line: "interface Loopback9", children: [leaf("description test"), leaf("shutdown")] },
      leaf("no interface Loopback9"),
    ]);
    expect(error).toBeUndefined();
    expect(running("rtm1-rtr1")).not.toContain("Loopback9");
  });

  it("a session that the device ends is an error, not a wait", async () => {
    const client = await connect(await directory.find("rtm1-rtr1"), ssh);
    const shell = await DeviceShell.open(client, "rtm1-rtr1", 2_000);
    await expect(shell.run("exit")).rejects.toThrow(/closed the session after "exit"/);
    await expect(shell.run("show clock")).rejects.toMatchObject({ code: "unreachable" });
    client.end();
  });
});
