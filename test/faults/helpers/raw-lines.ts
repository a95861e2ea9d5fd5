/** Requests written line by line, as no HTTP library would send them. */
import { RawSocket } from "../../support/raw-http.js";

export interface LinesAnswer {
  /** 0 when the server closed the connection without an answer. */
  readonly status: number;
  /** Status line and headers, in lower case. */
  readonly head: string;
  /** All that came; of an event stream the beginning. */
  readonly text: string;
}

/** Sends a request line, header lines and a body whose length is added; an event stream is left after its first bytes. */
export async function sendLines(
  base: string,
  requestLine: string,
  lines: readonly string[],
  body = "",
): Promise<LinesAnswer> {
  const socket = await RawSocket.connect(base);
  const length = body === "" ? [] : [`content-length: ${Buffer.byteLength(body)}`];
  const head = [requestLine, ...lines, ...length, "connection: close"].join("\r\n");
  await socket.write(Buffer.from(`${head}\r\n\r\n${body}`, "latin1")).catch(() => undefined);
  const received = () => Buffer.concat(socket.received.all).toString("latin1");
  while ((await socket.received.next()) !== undefined) {
    if (/event-stream[\s\S]*\r\n\r\n./.test(received())) socket.destroy();
  }
  const text = received();
  const answered = text.split("\r\n\r\n")[0] ?? "";
  return { status: Number(answered.split(" ")[1] ?? 0), head: answered.toLowerCase(), text };
}

/** Header lines of a POST. */
export const JSON_LINES = ["content-type: application/json", "accept: application/json, text/event-stream"] as const;
