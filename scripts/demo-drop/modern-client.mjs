/** A client of 2026-07-28: every request stands for itself, and a broken one is asked anew. */
import { answerTo, Client } from "./client.mjs";
import { exchange } from "./exchange.mjs";

const REVISION = "2026-07-28";
const META = "io.modelcontextprotocol/";

export class ModernClient extends Client {
  #nextId = 1;

  async attempt(intent) {
    const id = this.#nextId++;
    // The two ways in which a client may name its key.
    const byHeader = intent.key !== undefined && this.random.chance(0.5);
    const meta = {
      [`${META}protocolVersion`]: REVISION,
      [`${META}clientInfo`]: { name: "demo-drop", version: "1.0.0" },
      [`${META}clientCapabilities`]: {},
      ...(intent.key !== undefined && { progressToken: id }),
    };
    const headers = {
      "mcp-protocol-version": REVISION,
      "mcp-method": "tools/call",
      "mcp-name": intent.tool,
      ...(this.user !== undefined && { "x-user": this.user }),
      ...(byHeader && { "idempotency-key": `"${intent.key}"` }),
    };
    const body = this.toolCall(id, byHeader ? { ...intent, key: undefined } : intent, meta);
    const answer = await exchange(this.url, { headers, body });
    const message = await answerTo(id, answer);
    if (message === undefined && answer.status !== 200) this.refusal(`POST ${answer.status}`);
    return message;
  }
}
