import { afterEach, beforeEach, vi } from "vitest";

/** What each test of the file, or of the block, has written to stderr; nothing of it is shown. */
export function writtenToStderr(): string[] {
  const written: string[] = [];
  beforeEach(() => {
    written.length = 0;
    vi.spyOn(process.stderr, "write").mockImplementation((chunk) => {
      written.push(String(chunk));
      return true;
    });
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });
  return written;
}
