import { UriTemplate } from "../protocol/uri-template.js";
import type { Completer, ListTemplate } from "./types.js";

/**
 * Resources addressed by a URI template (RFC 6570), with how to list them and how to complete their variables.
 *
 * @example
 * ```ts
 * import { McpServer, ResourceTemplate } from "holdfast";
 *
 * const mcp = new McpServer({ name: "inventory", version: "1.0.0" });
 * const devices = new ResourceTemplate("inventory://devices/{name}", {
 *   list: undefined,
 *   complete: { name: (typed) => ["core1", "core2"].filter((name) => name.startsWith(typed)) },
 * });
 * mcp.registerResource("device", devices, { mimeType: "application/json" }, (uri, { name }) => ({
 *   contents: [{ uri: uri.href, mimeType: "application/json", text: JSON.stringify({ name }) }],
 * }));
 * ```
 *
 * @throws TypeError when the template is malformed.
 */
export class ResourceTemplate {
  readonly uriTemplate: UriTemplate;
  readonly list: ListTemplate | undefined;
  readonly complete: Readonly<Record<string, Completer>>;

  constructor(
    uriTemplate: string,
    options: { readonly list?: ListTemplate | undefined; readonly complete?: Readonly<Record<string, Completer>> } = {},
  ) {
    this.uriTemplate = new UriTemplate(uriTemplate);
    this.list = options.list;
    this.complete = options.complete ?? {};
  }
}
