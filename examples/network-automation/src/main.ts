import { fileURLToPath } from "node:url";
import { HoldfastError, type RunHandle, type RunOptions } from "holdfast";
import { banner } from "./banner.js";
import { readConfiguration } from "./config.js";
import { NetBoxDirectory } from "./devices/netbox-directory.js";
import { messageOf } from "./errors.js";
import { type Lab, startLab } from "./lab/index.js";
import { NetBoxClient } from "./netbox/client.js";
import { createNetworkServer, type NetworkServerOptions } from "./server.js";

interface Prepared {
  readonly options: NetworkServerOptions;
  readonly lab: Lab | undefined;
  readonly notes: readonly string[];
}

async function prepare(): Promise<Prepared> {
  const configuration = readConfiguration(process.env);
  if (configuration.kind === "configured") {
    const { netbox, devices, notes } = configuration;
    return { options: { netbox, devices }, lab: undefined, notes };
  }
  const lab = await startLab();
  const netbox = new NetBoxClient({ url: lab.netboxUrl, token: lab.netboxToken });
  const ssh = { credentials: lab.login, hostKeys: lab.hostKeys };
  return { options: { netbox, devices: { directory: new NetBoxDirectory(netbox), ssh } }, lab, notes: [] };
}

/** Option > environment > default is Holdfast's rule; only our two defaults differ from its own. */
async function serve({ options }: Prepared): Promise<RunHandle> {
  const mcp = createNetworkServer(options);
  const transport: RunOptions = isSet("MCP_TRANSPORT") ? {} : { transport: "http" };
  try {
    return await mcp.run({ ...transport, signals: false });
  } catch (error) {
    if (isSet("MCP_PORT") || !(error instanceof HoldfastError) || error.code !== "ERR_ADDRESS_IN_USE") throw error;
    process.stderr.write(`${error.message}\nTaking a free port instead; set MCP_PORT to choose one.\n`);
    return mcp.run({ ...transport, port: 0, signals: false });
  }
}

function isSet(variable: string): boolean {
  return (process.env[variable] ?? "") !== "";
}

/** The first signal lets calls in progress end (for `MCP_GRACE_MS` at most), the second does not wait. */
function stopOnSignals(handle: RunHandle, lab: Lab | undefined): void {
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) process.exit(1);
    stopping = true;
    await handle.shutdown();
    await lab?.close();
    process.exit(0);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => void stop());
}

async function main(): Promise<void> {
  const prepared = await prepare();
  const handle = await serve(prepared);
  stopOnSignals(handle, prepared.lab);
  const text = banner({
    url: handle.url,
    lab: prepared.lab,
    notes: prepared.notes,
    mainFile: fileURLToPath(import.meta.url),
  });
  // With stdio among the transports, stdout belongs to the protocol.
  const stdio = (process.env.MCP_TRANSPORT ?? "").includes("stdio");
  (stdio ? process.stderr : process.stdout).write(text);
}

main().catch((error: unknown) => {
  process.stderr.write(`network-automation could not start: ${messageOf(error)}\n`);
  process.exit(1);
});
