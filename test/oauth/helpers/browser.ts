/** A real browser without a window: Debian's Chromium, driven over its own protocol. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium } from "playwright-core";
import { requireProgram } from "../../support/debian.js";

/** As root there is no sandbox, without a screen no GPU, and nothing is to be reached but the test's own servers. */
const SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"];

export interface Browser {
  readonly context: BrowserContext;
  close(): Promise<void>;
}

/** Starts a browser that knows nobody: cookies and cache begin empty. */
export async function startBrowser(): Promise<Browser> {
  // The command of the package is a script that looks for its files where an installation has them.
  const { path, env } = await requireProgram("chromium", "chromium", "usr/lib/chromium/chromium");
  const profile = await mkdtemp(join(tmpdir(), "holdfast-browser-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: path,
    headless: true,
    args: SWITCHES,
    env: { ...(process.env as Record<string, string>), ...env, HOME: profile },
  });
  return {
    context,
    close: async () => {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}
