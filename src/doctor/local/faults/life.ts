/** What is wrong with how a server lives and ends. */
import type { LocalFault } from "./fault.js";

export type LifeFault =
  | "eof-ignored"
  | "eof-exit-code"
  | "sigterm-ignored"
  | "sigint-ignored"
  | "client-death-ignored"
  | "orphan-children"
  | "wrapper-leaves-server"
  | "listens-publicly"
  | "exits-idle"
  | "spins";

export const LIFE_FAULTS: Readonly<Record<LifeFault, LocalFault>> = {
  "eof-ignored": {
    check: "exit",
    severity: "error",
    client: "Waits and kills the server; where the client died, the server stays for ever.",
    why: "The server does not end when stdin is closed, which is how clients say goodbye.",
    mend: {
      javascript: 'process.stdin.on("end", () => process.exit(0));',
      python: "for line in sys.stdin: ...  # the loop ends when stdin is closed; so must threads (daemon=True)",
    },
  },
  "eof-exit-code": {
    check: "exit",
    severity: "warning",
    client: "Reports a crash whenever it closes the connection.",
    why: "The server ends with an error when stdin is closed.",
    mend: { javascript: "process.exitCode = 0;", python: "sys.exit(0)" },
  },
  "sigterm-ignored": {
    check: "exit",
    severity: "error",
    client: "Has to use SIGKILL: nothing is saved or cleaned up. Others leave the server behind.",
    why: "A handler of SIGTERM does not end the process, or it waits for something that does not come.",
    mend: {
      javascript: 'process.on("SIGTERM", () => process.exit(0));',
      python: "signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))",
    },
  },
  "sigint-ignored": {
    check: "exit",
    severity: "warning",
    client: "After Ctrl-C in a client of the terminal the server goes on.",
    why: "A handler of SIGINT does not end the process.",
    mend: {
      javascript: 'process.on("SIGINT", () => process.exit(0));',
      python: "signal.signal(signal.SIGINT, signal.default_int_handler)",
    },
  },
  "client-death-ignored": {
    check: "exit",
    severity: "error",
    client: "Nothing: it crashed. Its servers pile up until the machine is out of memory.",
    why: "The server ends when stdin is closed, but not when stdout is gone as well.",
    mend: {
      javascript: 'process.stdout.on("error", () => process.exit(1));',
      python: "except BrokenPipeError: sys.exit(1)",
    },
  },
  "orphan-children": {
    check: "exit",
    severity: "error",
    client: "Nothing; programs that nobody needs pile up, and hold ports and files.",
    why: "The server does not end what it started.",
    mend: {
      javascript: 'process.on("exit", () => child.kill());',
      python: "atexit.register(child.terminate)",
    },
  },
  "wrapper-leaves-server": {
    check: "exit",
    severity: "warning",
    client: "Ends the wrapper; the server behind it goes on.",
    why: "A shell, npx, uvx or the like stands in between and does not pass the signal on.",
    mend: {
      client:
        'sh -c "exec node server.js", or better the program itself: "command": "node", "args": ["/path/server.js"]',
    },
  },
  "listens-publicly": {
    check: "idle",
    severity: "warning",
    client: "Nothing; but everybody in the network can reach a server that was meant for one user.",
    why: "A server on stdio listens on all addresses.",
    mend: { javascript: 'server.listen(port, "127.0.0.1");', python: 'server.bind(("127.0.0.1", port))' },
  },
  "exits-idle": {
    check: "idle",
    severity: "error",
    client: "The connection is closed while nobody does anything.",
    why: "Nothing keeps the process alive, or a timer ends it.",
    mend: { javascript: "process.stdin.resume();", python: "for line in sys.stdin: ..." },
  },
  spins: {
    check: "idle",
    severity: "warning",
    client: "The fan turns and the battery empties; everything else is slower.",
    why: "The server uses the processor although nobody asks anything: it polls without waiting.",
    mend: {
      javascript: "// wait for events instead of asking in a loop",
      python: "await asyncio.sleep(1)  # in the loop that polls",
    },
  },
};
