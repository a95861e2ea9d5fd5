import { describe, expect, it } from "vitest";
import { wrapped } from "../../src/cli/terminal.js";

const terminal = (columns: number) => ({ isTTY: true, columns }) as NodeJS.WriteStream;

describe("wrapped", () => {
  it("breaks at spaces, keeps the lead of the first line and indents the others", () => {
    expect(wrapped("  one two three four", "    ", terminal(12))).toEqual(["  one two", "    three", "    four"]);
  });

  it("leaves a word that is wider than the terminal in one piece", () => {
    expect(wrapped("see https://example.com/a/long/path now", "  ", terminal(20))).toEqual([
      "see",
      "  https://example.com/a/long/path",
      "  now",
    ]);
  });

  it("counts what is seen, not the codes of colours", () => {
    expect(wrapped("\u001B[31mred\u001B[39m on a line", "", terminal(15))).toEqual([
      "\u001B[31mred\u001B[39m on a line",
    ]);
  });

  it("breaks nothing where there is no terminal", () => {
    const pipe = { isTTY: false, columns: 10 } as NodeJS.WriteStream;
    expect(wrapped("a line that is longer than that", "", pipe)).toEqual(["a line that is longer than that"]);
  });
});
