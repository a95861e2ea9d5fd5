import { randomBytes } from "node:crypto";
import { type HostKeys, hostKeysFrom } from "../devices/host-keys.js";
import { IosDevice } from "./ios-device.js";
import { startLabNetBox } from "./netbox-api.js";
import { netboxObjects } from "./netbox-objects.js";
import { primaryAddress } from "./site.js";
import { buildLab } from "./site-devices.js";
import { type LabLogin, type LabSshServer, startSshServer } from "./ssh-server.js";

export interface LabOptions {
  /** How long each answer takes: a device that answers at once would hide every progress message. */
  readonly stepDelayMs?: number;
}

export interface Lab {
  readonly netboxUrl: string;
  readonly netboxToken: string;
  /** A token without permission for anything but `dcim`. */
  readonly limitedToken: string;
  readonly login: LabLogin;
  readonly hostKeys: HostKeys;
  readonly devices: readonly LabDeviceHandle[];
  close(): Promise<void>;
}

export interface LabDeviceHandle {
  readonly name: string;
  readonly port: number;
  readonly fingerprint: string;
  /** The simulated device itself, so that a test can look at it from behind. */
  readonly device: IosDevice;
}

/** About what a healthy switch takes for one line over SSH. */
const DEFAULT_STEP_DELAY_MS = 60;
const LOOPBACK = "127.0.0.1";

/** A small network in this process: a NetBox-shaped API and one SSH server per device, on free loopback ports. */
export async function startLab({ stepDelayMs = DEFAULT_STEP_DELAY_MS }: LabOptions = {}): Promise<Lab> {
  const model = buildLab();
  const login: LabLogin = { username: "lab", password: randomBytes(9).toString("base64url") };
  const byName = new Map<string, IosDevice>();
  for (const facts of model.devices) {
    if (primaryAddress(facts) !== undefined) byName.set(facts.name, new IosDevice(facts, (name) => byName.get(name)));
  }
  const servers: LabSshServer[] = await Promise.all(
    [...byName.values()].map((device) => startSshServer(device, login, stepDelayMs)),
  );
  const addresses = new Map(servers.map(({ device, port }) => [device, { host: LOOPBACK, port }]));
  const netbox = await startLabNetBox((origin) => netboxObjects(model, origin, addresses), stepDelayMs);
  return {
    netboxUrl: netbox.url,
    netboxToken: netbox.token,
    limitedToken: netbox.limitedToken,
    login,
    hostKeys: hostKeysFrom(Object.fromEntries(servers.map(({ device, fingerprint }) => [device, fingerprint]))),
    devices: servers.flatMap(({ device: name, port, fingerprint }) => {
      const device = byName.get(name);
      return device === undefined ? [] : [{ name, port, fingerprint, device }];
    }),
    close: async () => {
      await Promise.all([netbox.close(), ...servers.map((server) => server.close())]);
    },
  };
}
