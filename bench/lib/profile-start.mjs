/** A stdio server from spawn to its first answer, under `--cpu-prof`. */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { call, initialize, initialized, LEGACY } from "../load/messages.mjs";
import { profileText } from "./profile-text.mjs";
import { spawnServer } from "./server-process.mjs";

/** Runs the server once and prints where the time went; it ends by itself when its stdin does. */
export async function profileStart(row, peer, { directory, top }) {
  rmSync(directory, { recursive: true, force: true });
  const args = ["--cpu-prof", "--cpu-prof-interval", "200", `--cpu-prof-dir=${directory}`];
  const child = spawnServer(peer, row.order, { stdio: ["pipe", "pipe", "inherit"], args });
  const messages = [initialize(LEGACY), initialized, { ...call("echo", { text: "hello" }).message, id: 2 }];
  child.stdin.write(`${messages.map((message) => JSON.stringify(message)).join("\n")}\n`);
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (text) => {
    if (/"id":2\b/.test(text)) child.stdin.end();
  });
  await new Promise((resolve) => child.once("exit", resolve));
  const [file] = readdirSync(directory);
  if (file === undefined) throw new Error(`${peer.name} wrote no profile: it did not exit when its stdin ended`);
  console.log(profileText(JSON.parse(readFileSync(`${directory}/${file}`, "utf8")), { calls: 1, top }));
  console.log(`Profile: ${directory}/${file}`);
}
