import { describe, expect, it } from "vitest";
import { type Stray, StrayReporter } from "../../src/transports/stdio/strays.js";

function reporter(): {
  readonly seen: Stray[];
  readonly print: (chunk: unknown) => void;
  readonly strays: StrayReporter;
} {
  const seen: Stray[] = [];
  const strays = new StrayReporter((stray) => seen.push(stray));
  const print = (chunk: unknown): void => strays.note(chunk, "process.stdout.write", print);
  return { seen, print, strays };
}

describe("StrayReporter", () => {
  it("names the place that printed, and what it called", () => {
    const { seen, print } = reporter();
    print("text");
    expect(seen).toEqual([
      { text: "text", via: "process.stdout.write", callSite: expect.stringMatching(/strays\.test\.ts:\d+$/) },
    ]);
  });

  it("reports a place once", () => {
    const { seen, print } = reporter();
    for (let line = 0; line < 5; line += 1) print(line);
    print("elsewhere");
    expect(seen).toHaveLength(2);
  });

  it("reports the beginning of the text, bytes too", () => {
    const { seen, print } = reporter();
    print("x".repeat(10_000));
    print(Buffer.from("y".repeat(10_000)));
    print(new Uint8Array([0x7a]));
    print(undefined);
    expect(seen.map((stray) => stray.text)).toEqual(["x".repeat(200), "y".repeat(200), "z", ""]);
  });

  it("takes a bounded number of stacks a second and remembers a bounded number of places", () => {
    const { seen, print } = reporter();
    // Every function made here has a place of its own as far as the stack can tell.
    const places = Array.from({ length: 500 }, (_, at) => new Function("print", `${"\n".repeat(at)}print("x")`));
    for (const place of places) place(print);
    expect(seen.length).toBeLessThanOrEqual(32);
  });

  it("is not caught in a listener that prints, nor stopped by one that throws", () => {
    let calls = 0;
    const strays = new StrayReporter(() => {
      calls += 1;
      print("from the listener");
      throw new Error("no");
    });
    const print = (chunk: unknown): void => strays.note(chunk, "console", print);
    print("one");
    print("two");
    expect(calls).toBe(2);
  });

  it("lives with stacks that are no text", () => {
    const { seen, print } = reporter();
    const before = Error.prepareStackTrace;
    Error.prepareStackTrace = (_error, frames) => frames;
    try {
      print("text");
    } finally {
      Error.prepareStackTrace = before;
    }
    expect(seen).toEqual([{ text: "text", via: "process.stdout.write" }]);
  });
});
