/** ctx.step: recorded before the handler goes on, and not repeated in a later round. */
import { describe, expect, it } from "vitest";
import { HoldfastError } from "../../src/index.js";
import { memoryStore } from "../../src/stores/memory/index.js";
import { leg, SCHEMA, stateOf, YES } from "./helpers/legs.js";
import { expectReplay, textOf } from "./helpers/outcomes.js";
import { newKey } from "./helpers/way.js";
import { working } from "./helpers/works.js";

const serve = working();

describe("ctx.step", () => {
  it("is journaled: a step of a round before is not repeated, and gives what it gave", async () => {
    const one = await serve();
    const ran: string[] = [];
    one.mcp.registerTool("stepwise", {}, async (ctx) => {
      const told: unknown[] = [];
      for (const name of ["one", "two"]) {
        told.push(
          await ctx.step(name, () => {
            ran.push(name);
            return name === "one" ? { at: ran.length } : undefined;
          }),
        );
        await ctx.elicit({ message: name, requestedSchema: SCHEMA });
      }
      return JSON.stringify(told);
    });
    const who = { user: "alice", key: newKey(), name: "stepwise" };
    const first = stateOf(await leg(one, { id: 1, ...who }));
    const second = stateOf(await leg(one, { id: 2, ...who, state: first, answers: YES }));
    const answers = { "elicitation-2": YES["elicitation-1"] };
    const done = await leg(one, { id: 3, ...who, state: second, answers });
    expect(textOf(done)).toBe('[{"at":1},null]');
    expect(ran).toEqual(["one", "two"]);
    expectReplay(done, await leg(one, { id: 4, ...who, state: second, answers }));
    expectReplay(done, await leg(one, { id: 5, ...who, state: first, answers: YES }));
  });

  it.each([{ keyed: true }, { keyed: false }])(
    "that gives nothing is not repeated either (with a key: $keyed)",
    async ({ keyed }) => {
      const one = await serve();
      let ran = 0;
      one.mcp.registerTool("silent", {}, async (ctx) => {
        const nothing: unknown = await ctx.step("effect", () => {
          ran += 1;
        });
        await ctx.elicit({ message: "Sure?", requestedSchema: SCHEMA });
        return `gave ${nothing}`;
      });
      const who = { user: "alice", name: "silent", ...(keyed && { key: newKey() }) };
      const state = stateOf(await leg(one, { id: 1, ...who }));
      expect(textOf(await leg(one, { id: 2, ...who, state, answers: YES }))).toBe("gave undefined");
      expect(ran).toBe(1);
    },
  );

  it("[36] says that a step was done when only its record failed", async () => {
    const { operations, ...rest } = memoryStore();
    const refuse = () => Promise.reject(new HoldfastError("ERR_STORE", "The store could not write; nothing was done."));
    const failing = new Proxy(operations, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (name === "journal") return refuse;
        return typeof member === "function" ? member.bind(target) : member;
      },
    });
    const one = await serve({}, { store: { ...rest, operations: failing } });
    let ran = 0;
    one.mcp.registerTool("stepwise", {}, async (ctx) => {
      await ctx.step("ship", () => {
        ran += 1;
      });
    });
    const told = await leg(one, { id: 1, user: "alice", key: newKey(), name: "stepwise" });
    expect([ran, textOf(told)]).toEqual([1, "The step ship was done, but its result could not be recorded."]);
  });
});
