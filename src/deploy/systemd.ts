/** A hardened unit for systemd 249 and newer. */
import type { ResolvedFacts } from "./facts.js";
import { seconds, upstreamOf } from "./facts.js";
import type { GeneratedFile } from "./types.js";

/** What the process needs beside its calls: streams are ended, the store is closed, the audit log is written out. */
const STOP_MARGIN_S = 10;
const STATE_ROOT = "/var/lib/";

export function systemdFiles(facts: ResolvedFacts): readonly GeneratedFile[] {
  const { name } = facts;
  const unit = `${name}.service`;
  return [
    {
      path: unit,
      content: unitOf(facts),
      install: `/etc/systemd/system/${unit}, then: systemctl daemon-reload && systemctl enable --now ${name}`,
    },
    {
      path: `${name}.env`,
      content: environmentOf(facts),
      install: `/etc/${name}.env, owned by root, mode 0600`,
    },
  ];
}

function unitOf(facts: ResolvedFacts): string {
  const { name, description, command, workingDirectory, graceMs } = facts;
  return `# ${description}, behind a reverse proxy as ${facts.publicUrl.href}
[Unit]
Description=${description}
Wants=network-online.target
After=network-online.target
# Gives up after 10 failed starts in 5 minutes instead of trying for ever.
StartLimitIntervalSec=300
StartLimitBurst=10

[Service]
# "started" once the program runs; whether it serves, the proxy asks at http://${upstreamOf(facts)}/ready.
Type=exec
WorkingDirectory=${workingDirectory}
ExecStart=${command.join(" ")}
Environment=NODE_ENV=production
Environment=MCP_TRANSPORT=http MCP_HOST=${facts.host} MCP_PORT=${facts.port} MCP_PATH=${facts.path}
Environment=MCP_GRACE_MS=${graceMs}
${storeLines(facts)}# Secrets: MCP_SECRET and those of the server itself. Read by root before privileges are dropped.
EnvironmentFile=-/etc/${name}.env

# Stopping: SIGTERM turns /ready to 503, refuses new calls and lets those in flight end for graceMs (${seconds(graceMs)} s). Killed
# only after that. "mixed" sends SIGTERM to the server alone: it ends its child processes in its own time.
KillSignal=SIGTERM
KillMode=mixed
TimeoutStopSec=${seconds(graceMs) + STOP_MARGIN_S}s
Restart=on-failure
RestartSec=1s

# Connections are files: room for limits.maxConnections (50000) and what tools open.
LimitNOFILE=65536
TasksMax=512

${accountLines(facts)}
# What the process may touch.
UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
PrivateMounts=yes
DevicePolicy=closed
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
ProtectProc=invisible
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RemoveIPC=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
# AF_NETLINK: name resolution and the list of network interfaces ask the kernel through it.
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
# Not set: MemoryDenyWriteExecute (V8 compiles code at run time). If the tools call nothing outside this machine, add:
# IPAddressDeny=any
# IPAddressAllow=localhost

[Install]
WantedBy=multi-user.target
`;
}

function accountLines({ user }: ResolvedFacts): string {
  if (user !== undefined) return `User=${user}\nGroup=${user}\n`;
  return "# An account that exists only while the service runs; its state directory stays.\nDynamicUser=yes\n";
}

function storeLines({ storeDirectory }: ResolvedFacts): string {
  if (storeDirectory === undefined) {
    return "# State ends with the process. To keep it: StateDirectory= and MCP_STORE=lmdb:DIR.\n";
  }
  const store = `Environment=MCP_STORE=lmdb:${storeDirectory}\n`;
  const [state = ""] = storeDirectory.startsWith(STATE_ROOT) ? storeDirectory.slice(STATE_ROOT.length).split("/") : [];
  // systemd makes and owns what is below /var/lib; anything else must be there and be the account's.
  if (state === "") return `ReadWritePaths=${storeDirectory}\n${store}`;
  return `StateDirectory=${state}\nStateDirectoryMode=0700\n${store}`;
}

function environmentOf({ name, auth }: ResolvedFacts): string {
  const open =
    auth === "none"
      ? "# The server asks nobody who they are. That is right only while nothing but this machine reaches its port.\n"
      : "";
  return `# Secrets of ${name}: owned by root, mode 0600.
# Seals session ids, so that clients keep their sessions over a restart: openssl rand -base64 32
# To rotate, put a new one in front: MCP_SECRET=NEW,OLD
#MCP_SECRET=
${open}`;
}
