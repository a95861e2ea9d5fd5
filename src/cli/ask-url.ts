/** Pages that a server sends a person to (elicitation in URL mode). */
import type { ElicitResult } from "@modelcontextprotocol/client";
import { openInBrowser } from "./browser.js";
import { canAsk, confirmed, question } from "./question.js";
import { harmless, paletteOf } from "./terminal.js";

export interface Page {
  readonly message: string;
  readonly url: string;
  readonly elicitationId?: string | undefined;
}

export interface Asking {
  readonly mayAsk: boolean;
  /** Takes away what stands on the line of the question. */
  readonly before: () => void;
}

/** Shows the whole address and opens it after a yes, never before (2025-11-25, elicitation, safe URL handling). */
export async function askPage(page: Page, { mayAsk, before }: Asking): Promise<ElicitResult["action"]> {
  before();
  const { bold } = paletteOf(process.stderr);
  const url = URL.canParse(page.url) ? new URL(page.url) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    process.stderr.write(`The tool sends you to ${harmless(page.url)}, which is no page of the web: declined.\n`);
    return "decline";
  }
  process.stderr.write(`${bold("The tool sends you to a page:")} ${harmless(page.message)}\n  ${shown(url)}\n`);
  for (const warning of warningsOf(url))
    process.stderr.write(`${paletteOf(process.stderr).red("warning:")} ${warning}\n`);
  if (!mayAsk) {
    process.stderr.write("Nobody can be asked here, so it was declined. Open the page yourself, then call again.\n");
    return "decline";
  }
  if (!(await confirmed(`Open ${url.host} in the browser? (yes or no) `))) return "decline";
  if (!(await openInBrowser(url)))
    process.stderr.write("There is no browser to be started here: open the page yourself.\n");
  return "accept";
}

/** The host is what a person has to look at. */
function shown(url: URL): string {
  const { bold } = paletteOf(process.stderr);
  const [before = "", ...rest] = url.href.split(url.host);
  return `${harmless(before)}${bold(harmless(url.host))}${harmless(rest.join(url.host))}`;
}

function warningsOf({ hostname, protocol, username }: URL): readonly string[] {
  const warnings: string[] = [];
  if (/(^|\.)xn--/.test(hostname)) warnings.push("the name has letters that look like others (Punycode).");
  if (username !== "") warnings.push("what stands in front of the @ is not the host.");
  if (protocol === "http:" && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)) {
    warnings.push("the page is not encrypted (http).");
  }
  return warnings;
}

/** Elicitations of which the server has said that they are done; it may say so before anybody waits. */
export class Completions {
  readonly #done = new Set<string>();
  readonly #waiting = new Map<string, AbortController>();

  complete(id: string): void {
    this.#done.add(id);
    this.#waiting.get(id)?.abort();
  }

  /** Until the server says so, or the person does. False when they give up. */
  async wait(id: string | undefined): Promise<boolean> {
    if (id !== undefined && this.#done.has(id)) return true;
    if (!canAsk()) return false;
    const done = new AbortController();
    if (id !== undefined) this.#waiting.set(id, done);
    const answer = await question("Press Enter when it is done there (Ctrl-D gives up). ", done.signal);
    if (id !== undefined) this.#waiting.delete(id);
    return done.signal.aborted || answer !== undefined;
  }
}
