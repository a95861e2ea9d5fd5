/** What is wrong with how a server starts, and in which surroundings. */

import type { LocalMend } from "../types.js";
import type { LocalFault } from "./fault.js";

export type StartFault =
  | "program-missing"
  | "start-failed"
  | "start-unanswered"
  | "start-slow"
  | "path-needed"
  | "folder-needed"
  | "variables-needed";

const LOOK: LocalMend = {
  javascript: "// run it in a terminal: what it says on stderr is above",
  client: '# give what it needs: "args", "env", "cwd"',
};

export const START_FAULTS: Readonly<Record<StartFault, LocalFault>> = {
  "program-missing": {
    check: "start",
    severity: "error",
    client: "Does not start the server: spawn ENOENT.",
    why: "There is no such program, or not in PATH.",
    mend: { client: '"command": "/full/path/of/the/program"' },
  },
  "start-failed": {
    check: "start",
    severity: "error",
    client: "The connection is closed before the first answer.",
    why: "The process ended by itself.",
    mend: LOOK,
  },
  "start-unanswered": {
    check: "start",
    severity: "error",
    client: "Waits and gives up.",
    why: "The process runs, but does not answer over stdio: it waits for something, or serves HTTP.",
    mend: { javascript: "await mcp.run();", python: 'mcp.run(transport="stdio")' },
  },
  "start-slow": {
    check: "start",
    severity: "warning",
    client: "Gives up on a slower machine or at the first start: Codex after 10 s, Claude Code and Cline after 30 s.",
    why: "The first answer takes long: something is downloaded, compiled or connected to before.",
    mend: {
      javascript: '// load what is slow when it is needed: const { heavy } = await import("./heavy.js");',
      python: "# connect and import in the tool, or in the background",
      client:
        "MCP_TIMEOUT=60000 (Claude Code), startup_timeout_sec = 60 (Codex); an installed program instead of npx or uvx",
    },
  },
  "path-needed": {
    check: "environment",
    severity: "warning",
    client:
      "Clients that are started from the desktop do not find the program, or one that it calls: ENOENT, exit code 127.",
    why: "They have the system's PATH alone, not that of your shell: no nvm, no Homebrew, no ~/.local/bin.",
    mend: { client: '"command": "/full/path/of/the/program", or "env": { "PATH": "/where/it/is:/usr/bin:/bin" }' },
  },
  "folder-needed": {
    check: "environment",
    severity: "warning",
    client: "The server ends at once, or says nothing: clients start it in / or in a folder of their own.",
    why: "It looks for files in the working directory.",
    mend: {
      javascript: "process.chdir(import.meta.dirname);",
      python: "os.chdir(os.path.dirname(os.path.abspath(__file__)))",
      client: '"args": ["/full/path/of/server.js"], or "cwd" where the client has it',
    },
  },
  "variables-needed": {
    check: "environment",
    severity: "warning",
    client: "The server ends at once, or says nothing: clients pass on PATH, HOME and few others.",
    why: "It needs a variable that your shell has.",
    mend: { client: '"env": { "NAME_OF_THE_VARIABLE": "…" }' },
  },
};
