/** What is wrong with what a server prints. */

import type { LocalMend } from "../types.js";
import type { LocalFault } from "./fault.js";

export type OutputFault =
  | "stdout-text"
  | "stdout-progress"
  | "stdout-colour"
  | "stdout-blank-line"
  | "stdout-bom"
  | "stdout-crlf"
  | "stdout-invalid-utf8"
  | "stdout-multiline"
  | "stdout-content-length"
  | "stdout-unterminated"
  | "stdout-partial"
  | "message-id-changed"
  | "message-id-null"
  | "message-both"
  | "message-invalid"
  | "stderr-noisy"
  | "stderr-blocks";

const BROKEN = "Logs a parse error and shows it to the user, or closes the connection.";
const TO_STDERR: LocalMend = {
  javascript: "console.log = console.error;",
  python: "print(..., file=sys.stderr)",
  client: "# a banner of npm run: call the program itself, or npm run --silent",
};
const WRITE: LocalMend = {
  javascript: 'process.stdout.write(JSON.stringify(message) + "\\n");',
  python: 'sys.stdout.write(json.dumps(message) + "\\n"); sys.stdout.flush()',
};
const RESPOND: LocalMend = {
  javascript: 'write({ jsonrpc: "2.0", id: message.id, result });',
  python: 'write({"jsonrpc": "2.0", "id": message["id"], "result": result})',
};

const fault = (client: string, why: string, mend: LocalMend): LocalFault => {
  return { check: "stdout", severity: "error", client, why, mend };
};

export const OUTPUT_FAULTS: Readonly<Record<OutputFault, LocalFault>> = {
  "stdout-text": fault(
    BROKEN,
    "Something is printed to stdout that is no message: stdout carries the protocol.",
    TO_STDERR,
  ),
  "stdout-progress": fault(BROKEN, "A progress bar is drawn on stdout.", {
    javascript: "// give the progress bar { stream: process.stderr }",
    python: "tqdm(..., file=sys.stderr)",
    client: '"env": { "CI": "1" }',
  }),
  "stdout-colour": fault(BROKEN, "Codes for colour are mixed into what is printed, although stdout is no terminal.", {
    ...TO_STDERR,
    client: '"env": { "NO_COLOR": "1" }  # and remove FORCE_COLOR',
  }),
  "stdout-blank-line": {
    ...fault("Logs a parse error for every empty line.", "A line feed too many is written.", WRITE),
    severity: "warning",
  },
  "stdout-bom": fault(
    "Cannot read the first message, often the answer to initialize.",
    "The output begins with a byte order mark.",
    {
      javascript: 'process.stdout.write(JSON.stringify(message) + "\\n");',
      python: 'sys.stdout.reconfigure(encoding="utf-8")  # not utf-8-sig',
    },
  ),
  "stdout-crlf": {
    ...fault("Most clients put up with it; some see a stray character.", "Lines end with CR LF instead of LF.", {
      javascript: 'process.stdout.write(JSON.stringify(message) + "\\n");',
      python: 'sys.stdout.reconfigure(newline="\\n")',
    }),
    severity: "warning",
  },
  "stdout-invalid-utf8": fault("Shows garbled text, or closes the connection.", "The output is not UTF-8.", {
    javascript: 'process.stdout.write(JSON.stringify(message) + "\\n");',
    python: 'sys.stdout.reconfigure(encoding="utf-8")',
  }),
  "stdout-multiline": fault(
    "Reads no message at all and waits.",
    "A message stands on several lines; each line is taken for one.",
    WRITE,
  ),
  "stdout-content-length": fault(
    "Reads no message at all and waits.",
    "Messages have the headers of the Language Server Protocol; in MCP each is a line.",
    WRITE,
  ),
  "stdout-unterminated": fault(
    "Waits for the end of the line until it gives up.",
    "A message has no line feed after it.",
    WRITE,
  ),
  "stdout-partial": fault(
    "The last answer is lost.",
    "The process ended in the middle of a line: it did not wait until everything was written.",
    { javascript: "process.exitCode = 0;", python: "sys.stdout.flush()" },
  ),
  "message-id-changed": fault(
    "Waits until it gives up: it does not know the id of the answer.",
    'The id comes back as another type or value than it was sent: 1 and "1" are different ids.',
    RESPOND,
  ),
  "message-id-null": fault(
    "Waits until it gives up: an answer with the id null is nobody's.",
    "A request that could be read was answered with the id null.",
    RESPOND,
  ),
  "message-both": fault(
    "Takes one of the two, or refuses the message.",
    "An answer has both a result and an error.",
    RESPOND,
  ),
  "message-invalid": fault(
    "Refuses the message; the request it belongs to is never answered.",
    "It is JSON, but no message of JSON-RPC 2.0.",
    RESPOND,
  ),
  "stderr-noisy": {
    ...fault(
      "Logs fill up; where nobody reads stderr, the server hangs when the pipe is full (64 KiB on Linux).",
      "Much is written to stderr before anything was asked.",
      { javascript: 'logger.level = "warn";', python: "logging.basicConfig(level=logging.WARNING)" },
    ),
    severity: "warning",
  },
  "stderr-blocks": {
    ...fault(
      "The server answers for a while and then no more, where the client does not read stderr.",
      "Every request writes to stderr; a pipe that nobody reads is full after 64 KiB, and writing waits.",
      { javascript: 'logger.level = "warn";', python: "logging.basicConfig(level=logging.WARNING)" },
    ),
    severity: "warning",
  },
};
