/** Every finding: of the tables of faults, and of headers, whose names are part of what mends them. */

import type { Fault } from "./faults/fault.js";
import { GUARD_FAULTS, type GuardFault } from "./faults/guards.js";
import { PATH_FAULTS, type PathFault } from "./faults/path.js";
import { STREAM_FAULTS, type StreamFault } from "./faults/streams.js";
import { TLS_FAULTS, type TlsFault } from "./faults/tls.js";
import type { CheckName, Finding } from "./types.js";

export type FaultId = PathFault | StreamFault | GuardFault | TlsFault;

/** Of every fault that is no header's; documentation is made of it. */
export const FAULTS: Readonly<Record<FaultId, Fault>> = {
  ...PATH_FAULTS,
  ...STREAM_FAULTS,
  ...GUARD_FAULTS,
  ...TLS_FAULTS,
};

type Details = Partial<Pick<Finding, "revision" | "severity" | "mend">>;

/** A finding that something is wrong. */
export function fault(id: FaultId, seen: string, details: Details = {}): Finding {
  return { id, ...FAULTS[id], seen, ...details };
}

/** A finding that something is sound. */
export function sound(check: CheckName, id: string, seen: string, revision?: Finding["revision"]): Finding {
  return { id, check, severity: "ok", seen, ...(revision && { revision }) };
}

export function note(check: CheckName, id: string, seen: string): Finding {
  return { id, check, severity: "info", seen };
}

/** A header that was lost or multiplied between client and server. */
export function headerFault(
  id: "header-dropped" | "header-altered" | "header-duplicated",
  name: string,
  seen: string,
): Finding {
  const variable = `$http_${name.replaceAll("-", "_")}`;
  return {
    id,
    check: "headers",
    severity: "error",
    seen,
    client: HEADER_SYMPTOMS[name] ?? "Requests are refused or misunderstood.",
    why: "A hop between client and server changes request headers.",
    mend: {
      nginx: `proxy_set_header ${name} ${variable};`,
      caddy: `header_up ${name} {http.request.header.${name}}`,
      haproxy: `# remove http-request del-header, set-header and add-header ${name}`,
    },
  };
}

/** The same on the way back. */
export function replyHeaderFault(name: string, times: number): Finding {
  const dropped = times === 0;
  return {
    id: dropped ? "reply-header-dropped" : "reply-header-duplicated",
    check: "headers",
    severity: "error",
    seen: dropped ? `no ${name} came back` : `${name} came back ${times} times`,
    client: dropped ? "Has no session: nothing can be resumed or asked." : "Sends both values back and gets 404.",
    why: dropped ? "A hop hides it." : "A hop adds it again.",
    mend: {
      nginx: dropped ? `proxy_pass_header ${name};` : `# remove add_header ${name}`,
      caddy: `# remove header_down -${name}`,
      haproxy: `# remove http-response del-header and add-header ${name}`,
    },
  };
}

const HEADER_SYMPTOMS: Readonly<Record<string, string>> = {
  "mcp-session-id": "Its session is not known: no resuming, no questions to the user, no subscriptions.",
  "mcp-protocol-version": "Is taken for a client of an older revision, or refused.",
  "mcp-method": "Every request of 2026-07-28 is refused with 400, header mismatch.",
  "mcp-name": "Every tool call of 2026-07-28 is refused with 400, header mismatch.",
  "last-event-id": "After a broken connection it gets a new stream instead of what it missed.",
  accept: "Gets answers in a form it did not ask for; progress is left out.",
  authorization: "Is refused with 401 although it is logged in.",
};
