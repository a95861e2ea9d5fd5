/** Server processes over one directory, to be killed at a moment that they say they have come to. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build } from "esbuild";
import { afterEach } from "vitest";

export type Moment = "before the claim" | "claimed" | "begun" | "after the effect" | "committed";

export interface ServerSpec {
  /** Where the process goes no further until it is told to. */
  readonly moment?: Moment;
  readonly port?: number;
  readonly leaseMs?: number;
  /** No file of this server becomes larger. */
  readonly fileKiB?: number;
  /** Keep nothing beyond the process. */
  readonly memory?: boolean;
}

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const FIXTURE = fileURLToPath(new URL("../fixtures/server.ts", import.meta.url));

let bundled: Promise<string> | undefined;

/** The fixture with the sources it needs, made once: every test starts it several times, and it must start quickly. */
function bundle(): Promise<string> {
  bundled ??= (async () => {
    // In the project, where the package `lmdb` is found.
    const outfile = join(ROOT, ".tmp", `crash-server-${process.pid}.mjs`);
    const options: BuildOptions = { bundle: true, platform: "node", format: "esm", external: ["lmdb"] };
    // The entry's imports for their effects count, whatever package.json says of the built files.
    await build({ ...options, entryPoints: [FIXTURE], outfile, ignoreAnnotations: true, logLevel: "error" });
    process.once("exit", () => rmSync(outfile, { force: true }));
    return outfile;
  })();
  return bundled;
}

/** What is left of a test is ended and removed after it. */
export function places(): () => Place {
  const made: Place[] = [];
  afterEach(async () => {
    await Promise.all(made.splice(0).map((place) => place.remove()));
  });
  return () => {
    const place = new Place();
    made.push(place);
    return place;
  };
}

/** A directory, the servers that were started over it, and what their tools did. */
export class Place {
  readonly dir: string = mkdtempSync(join(tmpdir(), "crash-"));
  readonly #servers: ServerProcess[] = [];

  async start(spec: ServerSpec = {}): Promise<ServerProcess> {
    const server = new ServerProcess([await bundle(), this.dir, JSON.stringify(spec)], spec.fileKiB);
    this.#servers.push(server);
    await server.listen();
    return server;
  }

  /** Ids of the operations whose handlers were started, once for each start. */
  get starts(): string[] {
    return lines(join(this.dir, "starts"));
  }

  get effects(): string[] {
    return lines(join(this.dir, "effects"));
  }

  /** Effects that a downstream which knows keys has seen. */
  get paid(): string[] {
    const paid = join(this.dir, "paid");
    return existsSync(paid) ? readdirSync(paid) : [];
  }

  async remove(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.kill()));
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }
}

export class ServerProcess {
  url = "";
  readonly #child: ChildProcessWithoutNullStreams;
  #stderr = "";
  readonly #lookers: (() => void)[] = [];

  constructor(args: readonly string[], fileKiB: number | undefined) {
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("MCP_")));
    // No file may become larger: to whoever writes it, the disk is full.
    const limit = fileKiB === undefined ? "" : `ulimit -f ${fileKiB}; `;
    this.#child = spawn("bash", ["-c", `${limit}exec "$0" "$@"`, process.execPath, ...args], { env });
    this.#child.stdin.on("error", () => {});
    const look = () => {
      for (const looker of this.#lookers.splice(0)) looker();
    };
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
      look();
    });
    this.#child.once("close", look);
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async listen(): Promise<void> {
    this.url = (await this.#says(/^ready (\S+)$/m))[1] ?? "";
  }

  reached(moment: Moment): Promise<unknown> {
    return this.#says(new RegExp(`^reached ${moment}$`, "m"));
  }

  /** From the moment on it goes on. */
  goOn(): void {
    this.#child.stdin.write("go on\n");
  }

  /** Stops it, as a machine under memory pressure or a debugger does, until `wake`. */
  sleep(): void {
    this.#child.kill("SIGSTOP");
  }

  wake(): void {
    this.#child.kill("SIGCONT");
  }

  /** As an operator stops a server: what runs may end. Resolves with its exit code. */
  async stop(): Promise<number | null> {
    const gone = once(this.#child, "close") as Promise<[number | null]>;
    this.#child.kill("SIGTERM");
    return (await gone)[0];
  }

  async kill(): Promise<void> {
    if (!this.alive) return;
    const gone = once(this.#child, "close");
    this.#child.kill("SIGKILL");
    await gone;
  }

  async #says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#stderr);
      if (match !== null) return match;
      if (!this.alive) throw new Error(`the server ended and never said ${pattern}: ${this.#stderr}`);
      await new Promise<void>((resolve) => this.#lookers.push(resolve));
    }
  }
}

function lines(path: string): string[] {
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").filter(Boolean) : [];
}
