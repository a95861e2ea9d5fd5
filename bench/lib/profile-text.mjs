/** A CPU profile as text: the functions, modules and callers in which the time was spent. */
import { relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export function profileText(profile, { calls, top = 40 }) {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const selfUs = new Map();
  profile.samples.forEach((id, index) => {
    selfUs.set(id, (selfUs.get(id) ?? 0) + (profile.timeDeltas[index + 1] ?? 0));
  });
  const idle = new Set(profile.nodes.filter((node) => node.callFrame.functionName === "(idle)").map(({ id }) => id));
  const busy = [...selfUs].filter(([id]) => !idle.has(id));
  const total = busy.reduce((sum, [, us]) => sum + us, 0);
  const section = (title, keyOf) => {
    const sums = new Map();
    for (const [id, us] of busy) {
      const key = keyOf(nodes.get(id).callFrame);
      sums.set(key, (sums.get(key) ?? 0) + us);
    }
    const rows = [...sums].sort((a, b) => b[1] - a[1]).slice(0, top);
    const lines = rows.map(([key, us]) => {
      const share = ((us / total) * 100).toFixed(1).padStart(5);
      return `${share} %  ${(us / calls).toFixed(2).padStart(8)} us/call  ${key}`;
    });
    return `${title}\n${lines.join("\n")}\n`;
  };
  const head = `${(total / 1000).toFixed(0)} ms sampled, ${calls} calls, ${(total / calls).toFixed(1)} us/call\n`;
  const byFunction = ({ functionName, url, lineNumber }) =>
    `${functionName || "(anonymous)"}  ${place(url)}:${lineNumber + 1}`;
  return `${head}\n${section("Self time by function", byFunction)}\n${section(
    "Self time by file",
    ({ url, functionName }) => (url === "" ? functionName : place(url)),
  )}\n${inclusive(profile.nodes, selfUs, { total, calls, top })}`;
}

/** Time below each function of Holdfast's own, so that a caller is seen with what it calls. */
function inclusive(nodes, selfUs, { total, calls, top }) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const sums = new Map();
  const visit = (id, open) => {
    const node = byId.get(id);
    const { functionName, url, lineNumber } = node.callFrame;
    const mine = url.startsWith("file:") && !url.includes("node_modules") && !url.includes("/bench/");
    const key = mine ? `${functionName || "(anonymous)"}  ${place(url)}:${lineNumber + 1}` : undefined;
    const first = key !== undefined && !open.has(key);
    if (first) open.add(key);
    let us = selfUs.get(id) ?? 0;
    for (const child of node.children ?? []) us += visit(child, open);
    if (first) {
      open.delete(key);
      sums.set(key, (sums.get(key) ?? 0) + us);
    }
    return us;
  };
  visit(nodes[0].id, new Set());
  const rows = [...sums].sort((a, b) => b[1] - a[1]).slice(0, top);
  const lines = rows.map(([key, us]) => {
    const share = ((us / total) * 100).toFixed(1).padStart(5);
    return `${share} %  ${(us / calls).toFixed(2).padStart(8)} us/call  ${key}`;
  });
  return `Time with callees, Holdfast's functions\n${lines.join("\n")}\n`;
}

function place(url) {
  return url.startsWith("file:") ? relative(ROOT, fileURLToPath(url)) : url;
}
