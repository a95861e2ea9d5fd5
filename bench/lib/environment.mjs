/** Where the numbers come from. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { PEERS } from "../servers/peers.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export function environment() {
  const [{ model }] = cpus();
  return {
    date: new Date().toISOString(),
    node: process.version,
    cpu: model.trim(),
    cores: cpus().length,
    commit: commit(),
    versions: versions(),
  };
}

function versions() {
  const { version } = readJson(`${ROOT}package.json`);
  const peers = PEERS.filter((peer) => peer.package !== undefined);
  const installed = (name) => readJson(`${ROOT}bench/node_modules/${name}/package.json`).version;
  return { holdfast: version, ...Object.fromEntries(peers.map((peer) => [peer.name, installed(peer.package)])) };
}

/** With a `+` when files differ from it. */
function commit() {
  const git = (...args) => execFileSync("git", ["-C", ROOT, ...args], { encoding: "utf8" }).trim();
  try {
    return git("rev-parse", "--short", "HEAD") + (git("status", "--porcelain", "src") === "" ? "" : "+");
  } catch {
    return "unknown";
  }
}

function readJson(file) {
  return JSON.parse(readFileSync(file, "utf8"));
}
