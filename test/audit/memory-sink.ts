import type { AuditCallEvent, AuditEvent, AuditSink } from "../../src/index.js";

/** A sink that keeps what it is given, as it would be read from a log. */
export class MemorySink implements AuditSink {
  readonly events: AuditEvent[] = [];

  write(event: AuditEvent): void {
    this.events.push(JSON.parse(JSON.stringify(event)) as AuditEvent);
  }

  get calls(): readonly AuditCallEvent[] {
    return this.events.filter((event) => event.event === "call");
  }

  /** The one event since the last look. */
  take(): AuditCallEvent {
    const [event, ...more] = this.events.splice(0);
    if (event?.event !== "call" || more.length > 0) {
      throw new Error(`one event of a call was expected, there are ${JSON.stringify([event, ...more])}`);
    }
    return event;
  }
}
