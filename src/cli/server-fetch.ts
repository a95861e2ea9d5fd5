/**
 * `fetch` for one server, whose keys and tokens are for it alone: a login also speaks to the provider that the server
 * names, and gives it the headers of every request.
 */
export function fetchFor(server: URL, headers: Readonly<Record<string, string>>): typeof fetch {
  return (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (isSameServer(server, url)) return fetch(input, init);
    const others = new Headers(init?.headers);
    for (const [name, value] of Object.entries(headers)) if (others.get(name) === value) others.delete(name);
    return fetch(input, { ...init, headers: others });
  };
}

/** Also where http leads to https of the same host, as the client follows it. */
function isSameServer(server: URL, url: URL): boolean {
  if (url.origin === server.origin) return true;
  const isUpgrade = server.protocol === "http:" && url.protocol === "https:";
  return isUpgrade && url.hostname === server.hostname && server.port === "" && url.port === "";
}
