/** nginx with the configuration of docs/telemetry.md, which writes its spans into a file. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../faults/helpers/until.js";
import { Nginx } from "../../support/nginx.js";
import { block } from "./documented.js";
import { type Span, spansOf } from "./otlp-spans.js";

export class TracedNginx {
  readonly base: string;
  readonly #nginx: Nginx;
  readonly #folder: string;

  private constructor(nginx: Nginx, folder: string) {
    this.#nginx = nginx;
    this.base = nginx.base;
    this.#folder = folder;
  }

  /** In front of the server at `host`. */
  static async start(host: string): Promise<TracedNginx> {
    const folder = mkdtempSync(join(tmpdir(), "holdfast-nginx-spans-"));
    const beside = block("nginx", "set $otlp_begun").replace("/var/log/nginx", folder);
    const passes = `proxy_pass http://${host}; proxy_http_version 1.1; proxy_set_header Connection "";`;
    const nginx = await Nginx.start({
      http: block("nginx", "log_format otlp"),
      server: `location / { ${passes} proxy_set_header Host $http_host; proxy_buffering off;\n${beside} }`,
    });
    return new TracedNginx(nginx, folder);
  }

  /** The spans it has written so far. */
  get spans(): readonly Span[] {
    const file = join(this.#folder, "otlp.jsonl");
    const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1) : [];
    return lines.flatMap((line) => spansOf(JSON.parse(line) as Record<string, unknown>));
  }

  /** Its spans of this trace; a span is written when the answer has left. */
  async of(traceId: string, count = 1): Promise<readonly Span[]> {
    const found = () => this.spans.filter((span) => span.traceId === traceId);
    await until(`${count} spans of nginx`, () => found().length >= count);
    return found();
  }

  async stop(): Promise<void> {
    await this.#nginx.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
