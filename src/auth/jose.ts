type Jose = typeof import("jose");

let loaded: Jose | undefined;
let loading: Promise<Jose> | undefined;

/** True once tokens can be read. */
export function isJoseLoaded(): boolean {
  return loaded !== undefined;
}

/** Loads jose, once: a server that verifies no tokens does not pay for it at its start. */
export function loadJose(): Promise<Jose> {
  loading ??= import("jose").then((jose) => {
    loaded = jose;
    return jose;
  });
  return loading;
}

/** jose, for code that is reached by tokens alone. */
export function jose(): Jose {
  if (loaded === undefined) throw new Error("jose is used before it is loaded");
  return loaded;
}
