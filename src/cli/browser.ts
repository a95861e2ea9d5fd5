/** The person's own browser, for pages that only they may see. */
import { spawn } from "node:child_process";
import { CliError, EXIT } from "./errors.js";

/**
 * Opens a page, without a shell that could read more than an address into it. True when there is something to open it with.
 */
export function openInBrowser(url: URL, env: NodeJS.ProcessEnv = process.env): Promise<boolean> {
  if (!/^https?:$/.test(url.protocol)) throw new CliError(EXIT.failed, `${url.protocol} is no page of the web.`);
  const [command, ...args] = openerOf(env);
  return new Promise((resolve) => {
    const child = spawn(command, [...args, url.href], { stdio: "ignore", detached: true });
    child.once("error", () => resolve(false));
    child.once("spawn", () => {
      child.unref();
      resolve(true);
    });
  });
}

function openerOf({ BROWSER }: NodeJS.ProcessEnv): readonly [string, ...string[]] {
  if (BROWSER !== undefined && BROWSER !== "") return [BROWSER];
  if (process.platform === "darwin") return ["open"];
  return process.platform === "win32" ? ["rundll32", "url.dll,FileProtocolHandler"] : ["xdg-open"];
}
