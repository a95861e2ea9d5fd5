import type { PageEvent, PageRequests } from "../page-types.js";

const KEY_HEADER = "x-holdfast-key";
/** While the process is gone: often enough to be there when it is back. */
const AGAIN_MS = 1000;

const key = new URLSearchParams(location.search).get("key") ?? "";

export async function send<K extends keyof PageRequests>(name: K, request: PageRequests[K]): Promise<void> {
  const headers = { "content-type": "application/json", [KEY_HEADER]: key };
  await fetch(`/api/${name}`, { method: "POST", headers, body: JSON.stringify(request) }).catch(() => undefined);
}

/** Events for as long as the page is open. An EventSource could not send the key. */
export async function follow(onEvent: (event: PageEvent | "lost" | "found") => void): Promise<never> {
  for (;;) {
    try {
      const response = await fetch("/api/events", { headers: { [KEY_HEADER]: key } });
      if (response.ok && response.body !== null) {
        onEvent("found");
        await read(response.body, onEvent);
      }
    } catch {
      // Ended: `holdfast dev` was stopped, or will be back.
    }
    onEvent("lost");
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

async function read(body: ReadableStream<Uint8Array>, onEvent: (event: PageEvent) => void): Promise<void> {
  const reader = body.pipeThrough(new TextDecoderStream() as never).getReader() as ReadableStreamDefaultReader<string>;
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      if (block.startsWith("data: ")) onEvent(JSON.parse(block.slice("data: ".length)) as PageEvent);
    }
  }
}
