/** What is wrong with what a server answers. */

import type { LocalCheckName, LocalMend } from "../types.js";
import type { LocalFault } from "./fault.js";

export type ProtocolFault =
  | "version-refused"
  | "version-unknown"
  | "version-echoed"
  | "discover-fatal"
  | "discover-unanswered"
  | "early-request-fatal"
  | "early-request-unanswered"
  | "ping-unanswered"
  | "unknown-method-fatal"
  | "unknown-method-unanswered"
  | "unknown-method-code"
  | "id-unanswered"
  | "unknown-notification-fatal"
  | "unknown-notification-answered"
  | "broken-json-fatal"
  | "broken-json-deaf"
  | "batched-lost"
  | "split-lost"
  | "line-separator"
  | "large-fatal"
  | "large-unanswered";

const NOT_FOUND: LocalMend = {
  javascript: 'write({ jsonrpc: "2.0", id: message.id, error: { code: -32601, message: "Method not found" } });',
  python: 'write({"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32601, "message": "Method not found"}})',
};
const VERSION: LocalMend = {
  javascript: "const protocolVersion = SUPPORTED.includes(asked) ? asked : SUPPORTED[0];",
  python: "protocol_version = asked if asked in SUPPORTED else SUPPORTED[0]",
};
const LINES: LocalMend = {
  javascript:
    '// keep the rest until its line feed comes: const lines = (rest + chunk).split("\\n"); rest = lines.pop();',
  python: "for line in sys.stdin: handle(json.loads(line))",
};

function fault(check: LocalCheckName, client: string, why: string, mend: LocalMend): LocalFault {
  return { check, severity: "error", client, why, mend };
}
function mild(check: LocalCheckName, client: string, why: string, mend: LocalMend): LocalFault {
  return { ...fault(check, client, why, mend), severity: "warning" };
}

export const PROTOCOL_FAULTS: Readonly<Record<ProtocolFault, LocalFault>> = {
  "version-refused": fault(
    "eras",
    "Cannot connect: initialize fails.",
    "A server that does not speak the revision that is asked for has to offer one that it speaks.",
    VERSION,
  ),
  "version-unknown": fault(
    "eras",
    "Closes the connection: it does not know the revision that is offered.",
    "The server offers a revision that does not exist.",
    VERSION,
  ),
  "version-echoed": fault(
    "eras",
    "A newer client takes the server for one of its own revision and then fails at what it does not have.",
    "The server repeats whatever version it is asked for.",
    VERSION,
  ),
  "discover-fatal": fault(
    "eras",
    "Clients of 2026-07-28 ask server/discover first: the process is gone before they can fall back to initialize.",
    "The server ends at a request that it does not know.",
    NOT_FOUND,
  ),
  "discover-unanswered": mild(
    "eras",
    "Clients of 2026-07-28 ask server/discover first and wait for an answer, often 10 s and more, before they try initialize.",
    "A request that the server does not know is not answered.",
    NOT_FOUND,
  ),
  "early-request-fatal": fault(
    "eras",
    "The connection is closed.",
    "A request before initialize ends the server.",
    NOT_FOUND,
  ),
  "early-request-unanswered": mild(
    "eras",
    "Waits until it gives up.",
    "A request before initialize is not answered, not even with an error.",
    NOT_FOUND,
  ),
  "ping-unanswered": fault(
    "requests",
    "Takes the server for dead and closes the connection.",
    "ping has to be answered with an empty result.",
    {
      javascript: 'if (message.method === "ping") write({ jsonrpc: "2.0", id: message.id, result: {} });',
      python: 'if message["method"] == "ping": write({"jsonrpc": "2.0", "id": message["id"], "result": {}})',
    },
  ),
  "unknown-method-fatal": fault(
    "requests",
    "The connection is closed by a request of a newer client.",
    "A method that the server does not know ends it.",
    NOT_FOUND,
  ),
  "unknown-method-unanswered": fault(
    "requests",
    "Waits until it gives up, 60 s as a rule.",
    "A method that the server does not know is not answered.",
    NOT_FOUND,
  ),
  "unknown-method-code": mild(
    "requests",
    "Cannot tell what is missing from what failed.",
    "A method that the server does not know has to be answered with -32601.",
    NOT_FOUND,
  ),
  "id-unanswered": fault(
    "requests",
    "Waits until it gives up; some clients begin to count at 0.",
    "A request with this id is not answered: ids are texts and whole numbers, 0 among them.",
    {
      javascript: "if (message.id === undefined) return;",
      python: 'if "id" not in message: return',
    },
  ),
  "unknown-notification-fatal": fault(
    "requests",
    "The connection is closed by a notification of a newer client.",
    "A notification that the server does not know ends it, or keeps it from answering.",
    {
      javascript: "if (message.id === undefined) return;",
      python: 'if "id" not in message: return',
    },
  ),
  "unknown-notification-answered": mild(
    "requests",
    "Logs an answer to nothing, or closes the connection.",
    "A notification is answered; it must not be.",
    {
      javascript: "if (message.id === undefined) return;",
      python: 'if "id" not in message: return',
    },
  ),
  "broken-json-fatal": fault(
    "requests",
    "One line that cannot be read ends the connection.",
    "JSON.parse throws, and nobody catches it.",
    {
      javascript: "try { message = JSON.parse(line); } catch { return; }",
      python: "except json.JSONDecodeError: continue",
    },
  ),
  "broken-json-deaf": fault(
    "requests",
    "After one line that cannot be read nothing is answered any more.",
    "What was not read stays in front of all that follows.",
    LINES,
  ),
  "batched-lost": fault(
    "requests",
    "Requests that are sent quickly after each other are lost.",
    "Several lines in one read are taken for one message.",
    LINES,
  ),
  "split-lost": fault(
    "requests",
    "Now and then a request is lost, the longer it is the sooner.",
    "What one read gives is taken for a message; a line may come in several.",
    LINES,
  ),
  "line-separator": fault(
    "requests",
    "A request with U+2028 in a text is lost, although it is allowed in JSON.",
    "Lines are split where Unicode would; in MCP only a line feed ends one.",
    {
      javascript: '// not readline: (rest + chunk).split("\\n")',
      python: "# not splitlines(): for line in sys.stdin.buffer",
    },
  ),
  "large-fatal": fault(
    "requests",
    "A call with a large argument ends the connection.",
    "A request of 1 MiB ends the server.",
    LINES,
  ),
  "large-unanswered": fault(
    "requests",
    "A call with a large argument is never answered.",
    "A request of 1 MiB is dropped without an error.",
    LINES,
  ),
};
