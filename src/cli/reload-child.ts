/** The part of `--reload` in the process that serves: tells which files it has loaded, and when it is ready. */
import { register } from "node:module";
import { fileURLToPath } from "node:url";
import { MessageChannel } from "node:worker_threads";

export type ReloadMessage =
  | { readonly holdfast: "file"; readonly path: string }
  | { readonly holdfast: "ready"; readonly url: string | undefined };

/** Runs on the thread of the loader hooks: says what is loaded and changes nothing. */
const HOOK = `
let port;
export function initialize(data) { port = data.port; }
export async function load(url, context, next) {
  if (url.startsWith("file:")) port.postMessage(url);
  return next(url, context);
}`;

/** Reports every file that is imported from now on. The end of the process that listens ends this one too. */
export async function reportFiles(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  port1.on("message", (url: string) => {
    const path = fileURLToPath(url.replace(/[?#].*$/, ""));
    if (!/[\\/]node_modules[\\/]/.test(path)) tell({ holdfast: "file", path });
  });
  port1.unref();
  register(`data:text/javascript,${encodeURIComponent(HOOK)}`, { data: { port: port2 }, transferList: [port2] });
  process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
}

export function reportReady(url: string | undefined): void {
  tell({ holdfast: "ready", url });
}

function tell(message: ReloadMessage): void {
  // Gone already: the process is about to end.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}
