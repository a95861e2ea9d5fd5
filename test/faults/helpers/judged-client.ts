/** `connect` of holdfast/testing with a judge: what the server says to the in-process client is checked too. */
import type { McpServer, ProtocolVersion } from "../../../src/index.js";
import { type ConnectOptions, connect, type TestClient } from "../../../src/testing/index.js";
import { WireRecorder } from "../../support/wire-schema.js";

const recorders: WireRecorder[] = [];

export async function judged(
  mcp: McpServer,
  revision: ProtocolVersion,
  options: Omit<ConnectOptions, "revision" | "onMessage"> = {},
): Promise<TestClient> {
  const recorder = new WireRecorder(revision);
  recorders.push(recorder);
  const exchange = recorder.exchange({ label: `in process, ${revision}` });
  const onMessage = (direction: "sent" | "received", text: string) => {
    const message: unknown = JSON.parse(text);
    if (direction === "sent") return exchange.sent(message);
    try {
      exchange.received(message);
    } catch {
      // Kept by the recorder; thrown here it would reach nobody.
    }
  };
  return connect(mcp, { ...options, revision, onMessage });
}

/** Throws the first message that a server may not send, of all clients so far. */
export function assertJudged(): void {
  for (const recorder of recorders.splice(0)) recorder.assertClean();
}
