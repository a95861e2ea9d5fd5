/** What is wrong with a certificate. */

import type { Mend } from "../types.js";
import type { Fault } from "./fault.js";

export type TlsFault = "tls-expired" | "tls-expires-soon" | "tls-name" | "tls-untrusted";

const TLS_MEND: Mend = {
  nginx: "ssl_certificate /path/fullchain.pem; ssl_certificate_key /path/privkey.pem;",
  caddy: "# remove the tls line: Caddy renews by itself",
  haproxy: "bind :443 ssl crt /path/chain-and-key.pem",
};

export const TLS_FAULTS: Readonly<Record<TlsFault, Fault>> = {
  "tls-expired": {
    check: "tls",
    severity: "error",
    client: "Refuses to connect.",
    why: "The certificate is no longer, or not yet, valid.",
    mend: TLS_MEND,
  },
  "tls-expires-soon": {
    check: "tls",
    severity: "warning",
    client: "Nothing yet.",
    why: "The certificate ends soon: its renewal does not work, or the proxy was not reloaded after it.",
    mend: TLS_MEND,
  },
  "tls-name": {
    check: "tls",
    severity: "error",
    client: "Refuses to connect.",
    why: "The certificate is for another name.",
    mend: TLS_MEND,
  },
  "tls-untrusted": {
    check: "tls",
    severity: "error",
    client: "Refuses to connect, unless it was told to trust the issuer.",
    why: "The chain does not lead to a root that this machine knows: an intermediate is missing, or it is self-signed.",
    mend: TLS_MEND,
  },
};
