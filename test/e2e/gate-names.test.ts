import { beforeEach, describe, expect, it } from "vitest";
import { sse } from "../support/raw-http.js";
import { callTool, codeOf, fullSession, type Json, request, structuredOf, textOf } from "./fixtures/legacy-client.js";
import { modernClient, refusal, resultOf } from "./fixtures/modern-client.js";
import { type RawHeaders, rawPost, rawRequest } from "./fixtures/raw-request.js";
import { type Served, serving } from "./fixtures/serve.js";

const serve = serving();
let served: Served;
beforeEach(async () => {
  served = await serve();
});

const post = (body: unknown, headers?: RawHeaders, path?: string) => rawPost(served.origin, body, headers, path);

describe("[64, S29] names from the prototype of objects", () => {
  const NAMES = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "__defineGetter__"];

  it.each(NAMES)("%s names no tool, prompt, resource, argument or header", async (name) => {
    const session = await fullSession(served.url);
    const modern = modernClient(served.url);
    expect(codeOf(await session.request("tools/call", { name }))).toBe(-32602);
    expect(refusal(await modern.tool(name))).toMatchObject({ code: -32602 });
    expect(codeOf(await session.request("prompts/get", { name }))).toBe(-32602);
    expect(codeOf(await session.request("resources/read", { uri: name }))).toBe(-32002);
    expect(
      codeOf(
        await session.request("completion/complete", {
          ref: { type: "ref/prompt", name },
          argument: { name: "a", value: "" },
        }),
      ),
    ).toBe(-32602);
    const argument = { ref: { type: "ref/prompt", name: "greet" }, argument: { name, value: "" } };
    expect((await session.request("completion/complete", argument)).result).toMatchObject({
      completion: { values: [] },
    });
    expect(textOf(await callTool(session, "header", { name }))).toBe("undefined");
  });

  it.each(NAMES)("%s as a key of arguments is a key like others", async (name) => {
    const session = await fullSession(served.url);
    const call = (tool: string, args: string) =>
      post(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${tool}","arguments":${args}}}`, {
        "mcp-session-id": session.id,
      });
    const any = await call("any", `{"${name}":{"polluted":true}}`);
    expect(structuredOf(any.messages[0])).toEqual({ keys: [name] });
    const add = await call("add", `{"a":1,"b":2,"${name}":{"polluted":true}}`);
    expect(textOf(add.messages[0] ?? {})).toBe('{"sum":3}');
    const inherited = await call("add", '{"__proto__":{"a":1,"b":2}}');
    expect(inherited.messages[0]?.result).toMatchObject({ isError: true });
    expect(({} as Json).polluted).toBeUndefined();
    const prompt = await post(
      `{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"greet","arguments":{"name":"A","${name}":"x"}}}`,
    );
    expect(prompt.messages[0]).toMatchObject({ result: { messages: [{}] } });
  });

  it("name no session of HTTP+SSE", async () => {
    const stream = await sse(`${served.origin}/sse`);
    for (const name of [...NAMES, "", "undefined"]) {
      expect((await post(request("ping"), {}, `/messages?sessionId=${name}`)).status).toBe(404);
    }
    expect((await post(request("ping"), {}, "/messages")).status).toBe(404);
    stream.close();
  });

  it("[S17] duplicate keys are refused: a proxy and the server could take different ones", async () => {
    const meta =
      '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}';
    const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"release","n\\u0061me":"echo","arguments":{"text":"x"},${meta}}}`;
    const headers = { "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call" };
    for (const name of ["release", "echo"]) {
      const answer = await rawRequest(served.origin, {
        method: "POST",
        body,
        headers: { ...headers, "mcp-name": name },
        revision: "2026-07-28",
      });
      expect(answer.status).toBe(400);
      expect(answer.body.toString("utf8")).toContain("occurs twice");
    }
    expect(served.probe.events).toEqual([]);
    expect(resultOf(await modernClient(served.url).tool("echo", { text: "x" })).content).toHaveLength(1);
  });
});
