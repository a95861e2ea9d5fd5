import type { McpServer } from "holdfast";
import { z } from "zod";
import type { DeviceDirectory } from "./devices/directory.js";
import { namesLike } from "./resources.js";

export function registerPrompts(mcp: McpServer, directory: DeviceDirectory): void {
  mcp.registerPrompt(
    "troubleshoot_device",
    {
      title: "Troubleshoot a device",
      description: "Work through a symptom on one device with the tools of this server, reading before changing.",
      argsSchema: z.object({
        device: z.string().min(1).max(64).describe("Device name"),
        symptom: z.string().min(1).max(500).describe("What is wrong, in a sentence"),
      }),
      complete: { device: (value) => namesLike(directory, value) },
    },
    ({ device, symptom }) => ({
      messages: [{ role: "user", content: { type: "text", text: instructions(device, symptom) } }],
    }),
  );
}

function instructions(device: string, symptom: string): string {
  return [
    `Troubleshoot the network device "${device}". Reported symptom: ${symptom}`,
    "",
    "1. Look the device up with query_netbox (dcim/devices, its dcim/interfaces and ipam/ip-addresses): note its role, site and what it should be connected to.",
    "2. Read its present state with run_show_command: show version, show ip interface brief, show interfaces description, show logging; on a switch also show interfaces status and show vlan brief.",
    "3. Compare what NetBox documents with what the device shows. Check the neighbours at the far end of the links concerned.",
    "4. Name the most likely cause and the evidence for it, and say what you could not check.",
    "5. If a configuration change would help, show it as push_config with dry_run: true first, and do not apply it before I agree.",
  ].join("\n");
}
