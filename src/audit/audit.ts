import type { AuthRequest } from "../auth/authenticator.js";
import type { Logger } from "../util/logger.js";
import { isThenable } from "../util/maybe-promise.js";
import { within } from "../util/timer.js";
import { maxLengthOf, redactName, shown } from "./names.js";
import type { AuditAuthenticationEvent, AuditEvent, AuditedName, AuditOptions, AuditSink } from "./types.js";

/** A sink that fails, fails for every event: said once in this time. */
const REPORT_INTERVAL_MS = 60_000;
/** A sink that hangs must not keep a server from stopping. */
const FLUSH_TIMEOUT_MS = 5000;
/** Trace Context, level 1, section 3.2.2. */
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The server's side of a sink: what is written never fails a call, whatever the sink does. */
export class Audit {
  readonly #sink: AuditSink;
  readonly #redact: NonNullable<AuditOptions["redact"]>;
  readonly #logger: Logger;
  #failures = 0;
  #reportedAt = Number.NEGATIVE_INFINITY;

  constructor({ sink, redact = redactName }: AuditOptions, logger: Logger) {
    this.#sink = sink;
    this.#redact = redact;
    this.#logger = logger;
  }

  /** Makes an event and writes it. */
  record(make: () => AuditEvent): void {
    try {
      const outcome: unknown = this.#sink.write(make());
      // A function of somebody's own may well be `async`.
      if (isThenable(outcome)) Promise.resolve(outcome).catch((error: unknown) => this.#failed(error));
    } catch (error) {
      this.#failed(error);
    }
  }

  /**
   * A request that was refused before it became a call: credentials missing, bad, or not to be checked now.
   * `detail` is what the client is told.
   */
  refused(request: AuthRequest, facts: Pick<AuditAuthenticationEvent, "reason" | "scheme" | "detail">): void {
    const { method, path, remoteAddress } = request;
    const traceparent = traceparentOf(request.header("traceparent"));
    this.record(() => ({
      event: "authentication",
      time: new Date().toISOString(),
      decision: "denied",
      reason: facts.reason,
      ...(facts.detail !== undefined && { detail: shown(facts.detail) }),
      scheme: facts.scheme,
      httpMethod: shown(method),
      path: shown(path),
      ...(remoteAddress !== undefined && { remoteAddress }),
      ...(traceparent !== undefined && { traceparent }),
    }));
  }

  /** A name or URI as it may stand in an event. */
  named(text: string, kind: AuditedName): string {
    const maxLength = maxLengthOf(kind);
    try {
      return shown(this.#redact(text.slice(0, 2 * maxLength), kind), maxLength);
    } catch (error) {
      this.#failed(error);
      return "(redact failed)";
    }
  }

  async flush(): Promise<void> {
    try {
      const flushed = this.#sink.flush?.();
      if (flushed === undefined) return;
      let late = true;
      await within(
        FLUSH_TIMEOUT_MS,
        flushed.finally(() => {
          late = false;
        }),
      );
      if (late) throw new Error(`The audit sink has not flushed in ${FLUSH_TIMEOUT_MS} ms.`);
    } catch (error) {
      this.#reportedAt = Number.NEGATIVE_INFINITY;
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    this.#failures += 1;
    const now = performance.now();
    if (now - this.#reportedAt < REPORT_INTERVAL_MS) return;
    this.#reportedAt = now;
    this.#logger.log("error", "audit_failed", { error, failures: this.#failures });
    this.#failures = 0;
  }
}

/** The value of a `traceparent`; undefined for anything else. */
export function traceparentOf(value: unknown): string | undefined {
  return typeof value === "string" && TRACEPARENT.test(value) ? value : undefined;
}

/** @throws TypeError for what is no sink: said at start, and not by an empty log later. */
export function resolveAudit(audit: AuditSink | AuditOptions | undefined, logger: Logger): Audit | undefined {
  if (audit === undefined) return undefined;
  const options: AuditOptions = audit !== null && "sink" in audit ? audit : { sink: audit };
  if (typeof options.sink?.write !== "function") {
    throw new TypeError("audit must be a sink ({ write(event) }, e.g. auditJsonLines()) or { sink, redact? }");
  }
  if (options.redact !== undefined && typeof options.redact !== "function") {
    throw new TypeError("audit: redact must be a function (text, kind) => text");
  }
  return new Audit(options, logger);
}
