/** A real nginx on a free port of loopback, with the test's own configuration. */
import { writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { nginxArgs, nginxMain, ProxyProcess } from "./proxy-process.js";

export interface NginxOptions {
  /** Directives of its one `server` block, `listen` apart. */
  readonly server: string;
  /** Directives beside the `server` block: upstreams, maps. */
  readonly http?: string;
  /** What follows the address in `listen`, e.g. `http2`. */
  readonly listen?: string;
  /** Default: a free one. Needed when the server behind has to know its public URL first. */
  readonly port?: number;
}

/** A port of loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

export class Nginx {
  readonly port: number;
  /** `http://127.0.0.1:port` */
  readonly base: string;
  readonly #process: ProxyProcess;

  private constructor(process: ProxyProcess, port: number) {
    this.#process = process;
    this.port = port;
    this.base = `http://127.0.0.1:${port}`;
  }

  /** Writes the configuration and starts; resolves when connections are accepted. */
  static async start(options: NginxOptions): Promise<Nginx> {
    const port = options.port ?? (await freePort());
    const fileIn = (folder: string) => join(folder, "nginx.conf");
    const args = (folder: string) => nginxArgs(folder, fileIn(folder));
    const running = await ProxyProcess.prepare({ name: "nginx", port, args });
    await writeFile(fileIn(running.folder), nginxMain(running.folder, siteOf(options, port)));
    await running.up();
    return new Nginx(running, port);
  }

  /** What nginx wrote to its error log. */
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

  /** Ends it for good. */
  stop(): Promise<void> {
    return this.#process.stop();
  }
}

function siteOf({ server, http = "", listen = "" }: NginxOptions, port: number): string {
  return `
    access_log off;
    ${http}
    server {
      listen 127.0.0.1:${port} ${listen};
      ${server}
    }`;
}
