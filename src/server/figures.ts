import type { Definition } from "./definition.js";
import type { TelemetryFigures } from "./telemetry.js";

/** Starts what listens to a server; returns what ends it. */
export async function startTelemetry(definition: Definition): Promise<() => Promise<void>> {
  const { instruments, info, auth, logger } = definition;
  if (instruments === undefined) return async () => {};
  const figures = () => figuresOf(definition);
  return instruments.start({ name: info.name, authenticates: auth.authenticates, logger, figures });
}

function figuresOf({ calls, ledger, presence, budgets }: Definition): TelemetryFigures {
  const sources = [...presence.sources].map((source) => source());
  return {
    calls: calls.size - calls.listening,
    listening: calls.listening,
    operations: ledger.size,
    sessions: sources.reduce((sum, { sessions }) => sum + sessions, 0),
    openStreams: presence.openStreams,
    heldStreams: sources.reduce((sum, { heldStreams }) => sum + heldStreams, 0),
    queuedBytes: budgets.queues.used,
    heldBytes: budgets.streams.used,
    bodyBytes: budgets.bodies.used,
  };
}
