/** A real nginx, Caddy or HAProxy that runs a configuration as it was written. */
import { mkdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { nginxArgs, nginxMain, ProxyProcess } from "../../support/proxy-process.js";

export type ProxyKind = "nginx" | "caddy" | "haproxy";

export interface ProxySpec {
  readonly kind: ProxyKind;
  /** What stands in the file; for nginx what stands in the `http` block. */
  readonly configuration: string;
  readonly port: number;
}

const fileIn = (folder: string): string => join(folder, "configuration");

const ARGS: Readonly<Record<ProxyKind, (folder: string) => readonly string[]>> = {
  nginx: (folder) => nginxArgs(folder, fileIn(folder)),
  caddy: (folder) => ["run", "--adapter", "caddyfile", "--config", fileIn(folder)],
  haproxy: (folder) => ["-W", "-db", "-f", fileIn(folder)],
};

export class FrontProxy {
  readonly #process: ProxyProcess;

  private constructor(process: ProxyProcess) {
    this.#process = process;
  }

  /** Starts it; resolves when connections are accepted. */
  static async start({ kind, port, configuration }: ProxySpec): Promise<FrontProxy> {
    // Caddy keeps its state below these.
    const env = (folder: string) => ({ HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder });
    const running = await ProxyProcess.prepare({ name: kind, port, args: ARGS[kind], env });
    const { folder } = running;
    await writeFile(fileIn(folder), kind === "nginx" ? nginxFile(folder, configuration) : configuration);
    await running.up();
    return new FrontProxy(running);
  }

  /** What it wrote to stderr. */
  get log(): string {
    return this.#process.log;
  }

  /** Starts it again after `down`. */
  up(): Promise<void> {
    return this.#process.up();
  }

  /** Ends it as an operator who restarts it does: every connection is cut. */
  down(): Promise<void> {
    return this.#process.down();
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}

/** The main file as Debian has it, with a place of its own for the logs that the site names. */
function nginxFile(folder: string, configuration: string): string {
  mkdirSync(join(folder, "log"), { recursive: true });
  return nginxMain(folder, configuration.replaceAll("/var/log/nginx/", `${folder}/log/`));
}
