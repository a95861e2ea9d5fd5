/** `call`: arguments, results, files, errors. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { saveFiles } from "../../src/cli/content.js";
import { type Served, start } from "../e2e/fixtures/serve.js";
import { folder, holdfast, running } from "./helpers/cli.js";

const files = folder();
const begin = running();
let served: Served;

beforeAll(async () => {
  served = await start();
});
afterAll(() => served.handle.close());

const call = (...args: string[]) => holdfast(["call", served.url, ...args]);

describe("arguments", () => {
  it("by words, by JSON, from stdin: the tool gets the same", async () => {
    const ended = await Promise.all([
      call("deploy", "count=2", "dry=yes", "at.zone=eu"),
      call("deploy", "--json", '{"count":2,"dry":true,"at":{"zone":"eu"}}'),
      holdfast(["call", served.url, "deploy", "-", "dry=true"], { input: '{"count":2,"at":{"zone":"eu"}}\n' }),
    ]);
    const expected = { args: { count: 2, dry: true, at: { zone: "eu" } } };
    const [words, json, stdin] = ended.map(({ stdout }) => JSON.parse(stdout) as { structuredContent?: unknown });
    expect(words).toEqual(expected);
    expect(json?.structuredContent).toEqual(expected);
    expect(stdin).toEqual(expected);
  });

  it.each([
    ["a tool that is not there", ["ehco", "text=a"], /no tool ehco\.\nDid you mean echo\?/],
    ["a missing argument", ["add", "a=1"], /add needs b\.\nadd\(a: number, b: number\)/],
    ["a wrong type", ["add", "a=1", "b=two"], /b: "two" is no number/],
    ["an unknown argument", ["add", "a=1", "c=2"], /add has no argument c/],
  ])("%s: 2, and nothing is called", async (_what, args, message) => {
    const { code, stdout, stderr } = await call(...args);
    expect(stderr).toMatch(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  it("what comes on stdin must be an object", async () => {
    const { code, stderr } = await holdfast(["call", served.url, "deploy", "-"], { input: "[1]" });
    expect(code).toBe(2);
    expect(stderr).toContain("must be one JSON object");
  });
});

describe("results", () => {
  it("text is printed byte for byte where nobody's terminal reads it", async () => {
    const { stdout, stderr } = await call("echo", "text=h\u00e9llo \u001B[31m\u2028 😀");
    expect(stdout).toBe("h\u00e9llo \u001B[31m\u2028 😀\n");
    // No progress, no colour: stderr is no terminal either.
    expect(stderr).toBe("");
  });

  it("structured content is printed once, though it comes as text as well", async () => {
    expect(await call("add", "a=2", "b=3")).toEqual({ code: 0, stdout: '{\n  "sum": 5\n}\n', stderr: "" });
  });

  it("images and audio go to files, named after the tool, and no file is lost", async () => {
    const out = files.path("media");
    const text = await call("media");
    expect(text.stdout).toMatch(
      /^media\n\[image image\/png, 70 bytes: --out DIR.*\]\n\[audio audio\/wav, 4 bytes.*\]\nembedded\ntext <test:\/\/text>\n$/,
    );
    expect(existsSync(out)).toBe(false);
    const first = await call("media", "--out", out);
    expect(first.stdout).toContain("media-1.png");
    const second = await call("media", "--out", out, "--json");
    expect((JSON.parse(second.stdout) as { files: unknown }).files).toEqual({
      1: `${out}/media-2.png`,
      2: `${out}/media-3.wav`,
    });
    expect(readdirSync(out).sort()).toEqual(["media-1.png", "media-2.png", "media-2.wav", "media-3.wav"]);
    expect(readFileSync(`${out}/media-1.png`).subarray(1, 4).toString()).toBe("PNG");
    expect(readFileSync(`${out}/media-2.wav`).toString()).toBe("RIFF");
  });

  it("a type that is no type is bytes", async () => {
    const out = files.path("odd");
    const block = { type: "image", mimeType: "constructor", data: "" } as const;
    expect([...(await saveFiles([block], out, "odd")).values()]).toEqual([`${out}/odd-1.bin`]);
  });

  it("progress is not for files", async () => {
    expect(await call("slow", "steps=3")).toEqual({ code: 0, stdout: "slow done\n", stderr: "" });
  });
});

describe("what goes wrong", () => {
  it("an error of the tool is 1, and its text is printed", async () => {
    const [text, json] = await Promise.all([call("tells"), call("tells", "--json")]);
    expect(text).toMatchObject({ code: 1, stderr: "The tool reports an error:\n" });
    expect(text?.stdout).not.toBe("");
    expect(json?.code).toBe(1);
    expect(JSON.parse(json?.stdout ?? "")).toMatchObject({ isError: true });
  });

  it("a question that nobody can answer is 1 and not a wait", async () => {
    const { code, stderr } = await call("ask_name");
    expect(code).toBe(1);
    expect(stderr).toContain("does not support elicitation");
  });

  it("silence is 3 after the timeout", async () => {
    const { code, stderr } = await call("hang", "key=timeout", "--timeout", "300ms");
    expect(code).toBe(3);
    expect(stderr).toMatch(/did not answer within 300 ms\.\n--timeout gives it more time/);
  });

  it("Ctrl-C is 130, and the server hears of it", async () => {
    const { child, ended } = begin(["call", served.url, "hang", "key=ctrl-c"]);
    await served.probe.until("started:ctrl-c");
    child.kill("SIGINT");
    expect(await ended).toMatchObject({ code: 130, stdout: "", stderr: "error: The call was cancelled.\n" });
    await served.probe.until("aborted:ctrl-c");
  });
});
