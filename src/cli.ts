#!/usr/bin/env node
import { main } from "./cli/main.js";

// A reader that has seen enough (`| head`) is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});
const code = await main(process.argv.slice(2));
// Idle connections and what a server's file has begun must not keep a finished command alive; what was printed goes out.
if (code !== undefined) {
  const { stdout } = process;
  if (stdout.writableLength > 0) stdout.write("", () => process.exit(code));
  else process.exit(code);
}
