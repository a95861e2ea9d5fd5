/** A real PostgreSQL in a folder of its own, for as long as a test file runs. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chown, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { type Program, requireProgram } from "../../support/debian.js";
import { freePort } from "../../support/nginx.js";

const exec = promisify(execFile);
/** `nobody` of every Linux: PostgreSQL refuses to run as root. */
const NOBODY = 65_534;
const USER = "warehouse";

export interface PostgresServer {
  /** Of its first, empty database. */
  readonly url: string;
  close(): Promise<void>;
}

/** The program, fetched where there is none. @throws Error that says how to get it. */
export function requirePostgres(): Promise<Program> {
  return requireProgram("postgres", "postgresql-15");
}

export async function startPostgres(program: Program): Promise<PostgresServer> {
  const asRoot = process.getuid?.() === 0;
  const user = asRoot ? { uid: NOBODY, gid: NOBODY } : {};
  const folder = await mkdtemp(join(tmpdir(), "holdfast-postgres-"));
  if (asRoot) await chown(folder, NOBODY, NOBODY);
  const options = { ...user, cwd: folder, env: { ...process.env, ...program.env, LC_ALL: "C", HOME: folder } };
  const data = join(folder, "data");
  const initdb = join(dirname(await realpath(program.path)), "initdb");
  await exec(initdb, ["-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync"], options);
  const port = await freePort();
  const settings = [
    "listen_addresses=127.0.0.1",
    "fsync=off",
    `unix_socket_directories=${folder}`,
    "deadlock_timeout=100ms",
  ];
  const args = ["-D", data, "-p", String(port), ...settings.flatMap((setting) => ["-c", setting])];
  const child = spawn(program.path, args, { ...options, stdio: ["ignore", "ignore", "pipe"] });
  await ready(child);
  return {
    url: `postgres://${USER}@127.0.0.1:${port}/postgres`,
    close: async () => {
      // SIGINT: without waiting for clients.
      const ended = once(child, "exit");
      child.kill("SIGINT");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function ready(child: ChildProcess): Promise<void> {
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("exit", () => process.off("exit", kill));
  return new Promise((resolve, reject) => {
    let log = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      log += text;
      if (log.includes("ready to accept connections")) resolve();
    });
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`postgres did not start: ${log}`)));
  });
}
