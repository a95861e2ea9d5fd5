import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    environment: "node",
    globalSetup: ["./scripts/mount-deps.mjs"],
    include: ["test/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: "forks",
    // Many tests start servers and clients of their own; more workers only make them wait for each other.
    maxWorkers: 2,
  },
});
