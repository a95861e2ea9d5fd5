import { createHash, timingSafeEqual } from "node:crypto";
import { type AddressInfo, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fingerprint } from "../devices/host-keys.js";
import { type AuthContext, type Connection, Server, type ServerChannel, utils } from "../ssh/ssh2.js";
import type { IosDevice } from "./ios-device.js";
import { IosShell } from "./ios-shell.js";

export interface LabLogin {
  readonly username: string;
  readonly password: string;
}

export interface LabSshServer {
  readonly device: string;
  readonly port: number;
  readonly fingerprint: string;
  close(): Promise<void>;
}

const LOOPBACK = "127.0.0.1";

/** One device behind a real SSH server with a host key of its own, made at start. */
export async function startSshServer(device: IosDevice, login: LabLogin, stepDelayMs: number): Promise<LabSshServer> {
  // Not ed25519: ssh2 1.17 writes about one in 128 of those keys so that it cannot read them back.
  const keys = utils.generateKeyPairSync("ecdsa", { bits: 256 });
  const parsed = utils.parseKey(keys.public);
  if (parsed instanceof Error) throw parsed;
  const open = new Set<Connection>();
  const ssh = new Server({ hostKeys: [keys.private], ident: "Cisco-1.25" }, (connection) => {
    open.add(connection);
    connection.on("close", () => open.delete(connection));
    connection.on("error", () => undefined); // Clients that hang up; the listener keeps them from ending the process.
    connection.on("authentication", (context) => authenticate(context, login));
    connection.on("ready", () => serve(connection, { device, user: login.username, stepDelayMs }));
  });
  // Answers are small and frequent: with Nagle's algorithm every line would wait 40 ms for an acknowledgement.
  const server = createServer({ noDelay: true }, (socket) => ssh.injectSocket(socket));
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, LOOPBACK, resolve));
  return {
    device: device.facts.name,
    port: (server.address() as AddressInfo).port,
    fingerprint: fingerprint(parsed.getPublicSSH()),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const connection of open) connection.end();
      }),
  };
}

function authenticate(context: AuthContext, { username, password }: LabLogin): void {
  if (context.method === "password" && same(context.username, username) && same(context.password, password))
    context.accept();
  else context.reject(["password"]);
}

function serve(connection: Connection, settings: { device: IosDevice; user: string; stepDelayMs: number }): void {
  connection.on("session", (acceptSession) => {
    const session = acceptSession();
    session.on("pty", (accept) => accept?.());
    session.on("window-change", (accept) => accept?.());
    session.on("shell", (accept) => new IosShell(accept(), settings));
    session.on("exec", (accept, _reject, { command }) => {
      const channel = accept();
      channel.on("error", () => undefined);
      void answer(channel, settings.device, command, settings.stepDelayMs);
    });
  });
}

async function answer(channel: ServerChannel, device: IosDevice, command: string, stepDelayMs: number): Promise<void> {
  await sleep(stepDelayMs);
  if (!channel.writable) return;
  channel.write(`\r\n${device.exec(command).replace(/\n/g, "\r\n")}\r\n`);
  channel.exit(0);
  channel.end();
}

/** Hashed first, so that the comparison takes the same time for any length. */
function same(left: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}
