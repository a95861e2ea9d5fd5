import { onTestFinished } from "vitest";

/** Closes it when the test is over, however that ends. */
export function kept<T extends { close(): void }>(one: T): T {
  onTestFinished(() => one.close());
  return one;
}
