/** `holdfast deploy`: to stdout for pipes, or to files that nothing is written over without a word. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { DEPLOY_TARGETS, generateDeployment } from "../../src/deploy/index.js";
import { folder, holdfast } from "./helpers/cli.js";

const FACTS = { name: "tools", publicUrl: "https://tools.example.com" };
const BASE = ["--name", FACTS.name, "--public-url", FACTS.publicUrl];
const files = folder();

describe("deploy", () => {
  it.each(DEPLOY_TARGETS)("prints what is generated for %s, and what to do with it beside", async (target) => {
    const { code, stdout, stderr } = await holdfast(["deploy", target, ...BASE]);
    expect(code).toBe(0);
    const made = generateDeployment(target, FACTS);
    for (const { path, content, install } of made) {
      expect(stdout).toContain(made.length > 1 ? `# ---- ${path} ----\n${content.trimEnd()}` : content.trimEnd());
      expect(stderr).toContain(path);
      expect(stderr).toContain(install.split("\n")[0]);
    }
  });

  it("prints one file as it is, to be sent on", async () => {
    const [{ content } = { content: "" }, ...more] = generateDeployment("nginx", FACTS);
    expect(more).toEqual([]);
    expect((await holdfast(["deploy", "nginx", ...BASE])).stdout).toBe(content);
  });

  it("takes every fact from its option", async () => {
    const facts = [
      "--port",
      "9000",
      "--store",
      "/var/lib/tools",
      "--grace-ms",
      "20000",
      "--command",
      "/usr/bin/node a.js",
    ];
    const { stdout } = await holdfast(["deploy", "systemd", ...BASE, ...facts, "--json"]);
    const { target, files: made } = JSON.parse(stdout) as { target: string; files: readonly { content: string }[] };
    expect(target).toBe("systemd");
    const unit = made.map(({ content }) => content).join();
    for (const part of ["9000", "/var/lib/tools", "/usr/bin/node a.js"]) expect(unit).toContain(part);
  });

  it("writes files, and none over another without --force", async () => {
    const out = files.path("out");
    const write = (...more: string[]) => holdfast(["deploy", "nginx", ...BASE, "--out", out, ...more]);
    expect((await write()).code).toBe(0);
    const [{ path = "" } = {}] = generateDeployment("nginx", FACTS);
    const file = `${out}/${path}`;
    expect(existsSync(file)).toBe(true);
    writeFileSync(file, "mine");
    const refused = await write();
    expect([refused.code, readFileSync(file, "utf8")]).toEqual([2, "mine"]);
    expect(refused.stderr).toMatch(/would be written over[\s\S]*--force/);
    expect((await write("--force")).code).toBe(0);
    expect(readFileSync(file, "utf8")).not.toBe("mine");
  });

  it.each([
    [[], /needs a target[\s\S]*systemd/],
    [["ngnix", ...BASE], /no target "ngnix"[\s\S]*Did you mean nginx/],
    [["nginx", "--name", "tools"], /--public-url/],
    [["nginx", ...BASE, "--port", "x"], /port/],
    [["nginx", "--name", "a\nb", "--public-url", FACTS.publicUrl], /name/],
    [["nginx", ...BASE, "--certificate", "/a.pem"], /belong together/],
  ])("says what is wrong with %j", async (args, text) => {
    const { code, stdout, stderr } = await holdfast(["deploy", ...args]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(text);
  });
});
