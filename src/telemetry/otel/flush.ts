/** What an SDK still holds goes out before the process ends: `run()` exits when it has shut down, and batches wait. */

/** Kubernetes and systemd wait longer; a collector that is down must not keep a server from ending. */
const FLUSH_MS = 3000;

/**
 * @throws Error when something could not be sent, or not in time.
 */
export async function flush(providers: readonly unknown[]): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new Error(`The last spans and metrics did not reach their collector within ${FLUSH_MS} ms.`);
    timer = setTimeout(() => reject(error), FLUSH_MS);
  });
  try {
    await Promise.race([Promise.all(providers.map(forceFlush)), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Providers of SDKs can be flushed; the API does not say so, and a program without an SDK has none. */
async function forceFlush(provider: unknown): Promise<void> {
  const { forceFlush } = (provider ?? {}) as { readonly forceFlush?: () => Promise<void> };
  if (typeof forceFlush === "function") await forceFlush.call(provider);
}
