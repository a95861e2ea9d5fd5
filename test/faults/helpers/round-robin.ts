/** A load balancer without affinity: each request goes to the next node, whoever sent it. */
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

export interface Balancer {
  /** `http://127.0.0.1:port` */
  readonly base: string;
  /** Requests so far, by node. */
  readonly counts: readonly number[];
  close(): Promise<void>;
}

export async function roundRobin(nodes: readonly string[]): Promise<Balancer> {
  const counts = nodes.map(() => 0);
  let next = 0;
  const server = createServer((incoming, outgoing) => {
    const at = next++ % nodes.length;
    counts[at] = (counts[at] ?? 0) + 1;
    const { method, headers, url = "/" } = incoming;
    const target = new URL(url, nodes[at]);
    const forwarded = request(target, { method, headers: { ...headers, host: target.host } }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    forwarded.on("error", () => outgoing.destroy());
    outgoing.on("close", () => forwarded.destroy());
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    counts,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
