import { isWireObject, WireRecorder } from "./wire-schema.js";

type Receive = (message: unknown, extra?: unknown) => void;
type Send = (message: unknown, options?: unknown) => Promise<void>;

/**
 * Lets a WireRecorder see what passes through a transport of either SDK. The object itself is changed, not wrapped: the
 * v2 client recognises its own stdio transport by its class and would negotiate differently with a wrapper.
 */
export function recordTransport(transport: object, label: string): WireRecorder {
  const recorder = new WireRecorder();
  const exchange = recorder.exchange({ label, resumed: true });
  // Handlers are chained by both SDKs, so one message can pass here more than once.
  const seen = new WeakSet<object>();
  let receive: Receive | undefined;
  Object.defineProperty(transport, "onmessage", {
    configurable: true,
    enumerable: true,
    get: () => receive,
    set: (handler: Receive | undefined) => {
      receive =
        handler &&
        ((message, extra) => {
          if (isWireObject(message) && !seen.has(message)) judge(message);
          handler(message, extra);
        });
    },
  });
  const judge = (message: object) => {
    seen.add(message);
    try {
      exchange.received(message);
    } catch {
      // Kept in recorder.failures: thrown here it would only reach the SDK's onerror. `close` throws it.
    }
  };
  const send = (Reflect.get(transport, "send") as Send).bind(transport);
  Reflect.set(transport, "send", (message: unknown, options?: unknown) => {
    exchange.sent(message);
    return send(message, options);
  });
  return recorder;
}
