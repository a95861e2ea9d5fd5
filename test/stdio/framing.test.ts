import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LineFramer } from "../../src/transports/stdio/framing.js";

type Event = string | { readonly overlong: number } | "invalid UTF-8!";

function collector(maxLineBytes?: number): { readonly framer: LineFramer; readonly events: Event[] } {
  const events: Event[] = [];
  const framer = new LineFramer({
    maxLineBytes,
    onLine: (text) => events.push(text),
    onOverlong: (overlong) => events.push({ overlong }),
    onInvalidUtf8: () => events.push("invalid UTF-8!"),
  });
  return { framer, events };
}

function frame(chunks: readonly (string | Uint8Array)[], maxLineBytes?: number): Event[] {
  const { framer, events } = collector(maxLineBytes);
  for (const chunk of chunks) framer.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
  framer.end();
  return events;
}

function split(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return places.slice(1).map((end, at) => bytes.subarray(places[at], end));
}

describe("LineFramer", () => {
  it("delivers lines, with LF or CRLF, and the last one without", () => {
    expect(frame(["one\ntwo\r\nthr", "ee\r", "\nfour"])).toEqual(["one", "two", "three", "four"]);
  });

  it("skips lines of nothing but white space", () => {
    expect(frame(["\n\r\n  \t\n", "a\n\n\r\nb\n", " \r"])).toEqual(["a", "b"]);
  });

  it("strips a byte order mark at the very start only", () => {
    expect(frame(["\ufeffa\n\ufeffb\n"])).toEqual(["a", "\ufeffb"]);
    expect(frame([Buffer.from([0xef]), Buffer.from([0xbb, 0xbf, 0x61]), "\n\ufeffb\n"])).toEqual(["a", "\ufeffb"]);
    expect(frame(["\ufeff\r\na\n"])).toEqual(["a"]);
    expect(frame(["\n\ufeffa\n"])).toEqual(["\ufeffa"]);
  });

  it("[58, 88] keeps characters whole wherever they are split", () => {
    const text = '{"a":"\u00e9\u4e16\ud83d\ude00\u2028"}';
    const bytes = Buffer.from(`${text}\n`);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      expect(frame([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual([text]);
    }
  });

  it("reports a line that is not UTF-8 once and goes on", () => {
    const bad = Buffer.from([0x61, 0xff, 0xfe, 0x62, 0x0a]);
    expect(frame([bad, "next\n"])).toEqual(["invalid UTF-8!", "next"]);
    expect(frame([bad.subarray(0, 2), bad.subarray(2), "next\n"])).toEqual(["invalid UTF-8!", "next"]);
  });

  it("[88, S14] reports an overlong line once, as soon as it is one, and goes on behind it", () => {
    const { framer, events } = collector(8);
    framer.push(Buffer.from("12345678\n1234567"));
    expect(events).toEqual(["12345678"]);
    framer.push(Buffer.from("89"));
    expect(events).toEqual(["12345678", { overlong: 9 }]);
    framer.push(Buffer.from("more of it, and more\nnext\nanother one\n"));
    framer.end();
    expect(events).toEqual(["12345678", { overlong: 9 }, "next", { overlong: 11 }]);
  });

  it("[88, S14] holds no more than the bound of an endless line", () => {
    const { framer, events } = collector(1024 * 1024);
    const chunk = Buffer.alloc(64 * 1024, 0x61);
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    for (let sent = 0; sent < 256 * 1024 * 1024; sent += chunk.length) {
      framer.push(chunk);
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }
    framer.end();
    expect(events).toEqual([{ overlong: 1024 * 1024 + chunk.length }]);
    expect(most).toBeLessThan(4 * 1024 * 1024);
  });

  it("takes a large message in linear time, even byte by byte", () => {
    const message = Buffer.from(`{"data":"${"x".repeat(9 * 1024 * 1024)}"}\n`);
    const inPieces = (bytes: Buffer, size: number): number => {
      const { framer, events } = collector();
      const start = performance.now();
      for (let at = 0; at < bytes.length; at += size) framer.push(bytes.subarray(at, at + size));
      expect(events).toEqual([bytes.toString("utf8", 0, bytes.length - 1)]);
      return performance.now() - start;
    };
    // Quadratic work takes minutes here, linear work some 20 and 200 ms.
    expect(inPieces(message, 64 * 1024)).toBeLessThan(2_000);
    expect(inPieces(Buffer.from(`${"y".repeat(2 * 1024 * 1024)}\n`), 1)).toBeLessThan(4_000);
  });

  it("survives a listener that throws: the next line is whole", () => {
    const lines: string[] = [];
    const framer = new LineFramer({
      onLine: (text) => {
        if (text === "bad") throw new Error("no");
        lines.push(text);
      },
      onOverlong: () => {},
    });
    framer.push(Buffer.from("ba"));
    expect(() => framer.push(Buffer.from("d\n"))).toThrow("no");
    framer.push(Buffer.from("good\n"));
    expect(lines).toEqual(["good"]);
  });

  it("[88] gives the same lines for the same bytes, however they are split", () => {
    const piece = fc.oneof(
      fc
        .constantFrom("\n", "\r\n", "\r", " ", "\ufeff", '{"id":1}', "\u00e9", "\ud83d\ude00")
        .map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
      fc.string({ unit: "binary", maxLength: 20 }).map((text) => Buffer.from(text)),
    );
    const stream = fc.array(piece, { maxLength: 30 }).map((pieces) => Buffer.concat(pieces));
    const cuts = fc.array(fc.nat(), { maxLength: 40 });
    fc.assert(
      fc.property(stream, cuts, (bytes, places) => {
        expect(frame(split(bytes, places))).toEqual(frame([bytes]));
      }),
    );
  });

  it("gives the lines that splitting the whole text gives", () => {
    const line = fc.string({ unit: "grapheme" }).map((text) => text.replace(/[\n\r\ufeff]/g, ""));
    fc.assert(
      fc.property(fc.array(line), fc.constantFrom("\n", "\r\n"), fc.array(fc.nat()), (lines, ending, places) => {
        const bytes = Buffer.from(lines.map((text) => text + ending).join(""));
        expect(frame(split(bytes, places))).toEqual(lines.filter((text) => !/^[ \t]*$/.test(text)));
      }),
    );
  });
});
