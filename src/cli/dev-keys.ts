export interface KeyActions {
  readonly restart: () => void;
  readonly open: () => void;
  readonly clear: () => void;
  readonly quit: () => void;
  readonly help: () => void;
}

/** Shown at the start and by `h`. */
export const KEYS = "r restart · o open the page · c clear · q quit · h help";

/** Ctrl-C and Ctrl-D: in raw mode they are bytes and no signals. */
const END = new Set(["q", "\u0003", "\u0004"]);

/** Single keys, on a terminal only. Returns what gives the terminal back, or undefined where there is none. */
export function listenForKeys(actions: KeyActions): (() => void) | undefined {
  const { stdin } = process;
  if (stdin.isTTY !== true || process.stderr.isTTY !== true) return undefined;
  const byKey: Readonly<Record<string, () => void>> = {
    r: actions.restart,
    o: actions.open,
    c: actions.clear,
    h: actions.help,
    "?": actions.help,
  };
  const pressed = (text: string) => {
    for (const key of text.toLowerCase()) {
      if (END.has(key)) return actions.quit();
      if (Object.hasOwn(byKey, key)) byKey[key]?.();
    }
  };
  const restore = () => {
    if (stdin.isRaw) stdin.setRawMode(false);
  };
  stdin.setEncoding("utf8");
  stdin.setRawMode(true);
  stdin.on("data", pressed);
  stdin.resume();
  // However the process ends, the shell gets its terminal back.
  process.on("exit", restore);
  return () => {
    stdin.off("data", pressed);
    stdin.pause();
    process.off("exit", restore);
    restore();
  };
}
