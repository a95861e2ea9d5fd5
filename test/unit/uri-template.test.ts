import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  MAX_TEMPLATE_LENGTH,
  MAX_TEMPLATE_VARIABLES,
  MAX_URI_LENGTH,
  UriTemplate,
  type UriVariables,
} from "../../src/protocol/uri-template.js";

/** The variables of RFC 6570 §3.2, with those of §1.2 that do not contradict them. */
const VARIABLES: UriVariables = {
  count: ["one", "two", "three"],
  dom: ["example", "com"],
  dub: "me/too",
  hello: "Hello World!",
  half: "50%",
  var: "value",
  who: "fred",
  base: "http://example.com/home/",
  path: "/foo/bar",
  list: ["red", "green", "blue"],
  keys: { semi: ";", dot: ".", comma: "," },
  v: "6",
  x: 1024,
  y: "768",
  empty: "",
  empty_keys: {},
  undef: null,
};

const EXAMPLES: Readonly<Record<string, readonly (readonly [template: string, uri: string])[]>> = {
  "§1.2 levels 1 to 4 (where §3.2 does not repeat them)": [
    ["{+path:6}/here", "/foo/b/here"],
    ["#{+x,hello,y}", "#1024,Hello%20World!,768"],
    ["map?{x,y}", "map?1024,768"],
    ["{x,hello,y}", "1024,Hello%20World%21,768"],
    ["{+x,hello,y}", "1024,Hello%20World!,768"],
    ["{+path,x}/here", "/foo/bar,1024/here"],
    ["{#x,hello,y}", "#1024,Hello%20World!,768"],
    ["{#path,x}/here", "#/foo/bar,1024/here"],
    ["X{.var}", "X.value"],
    ["X{.x,y}", "X.1024.768"],
    ["{/var}", "/value"],
    ["{/var,x}/here", "/value/1024/here"],
    ["{;x,y}", ";x=1024;y=768"],
    ["{;x,y,empty}", ";x=1024;y=768;empty"],
    ["{?x,y}", "?x=1024&y=768"],
    ["{?x,y,empty}", "?x=1024&y=768&empty="],
    ["?fixed=yes{&x}", "?fixed=yes&x=1024"],
    ["{&x,y,empty}", "&x=1024&y=768&empty="],
    ["{#path:6}/here", "#/foo/b/here"],
    ["X{.var:3}", "X.val"],
    ["{/var:1,var}", "/v/value"],
    ["{/list*,path:4}", "/red/green/blue/%2Ffoo"],
    ["{;hello:5}", ";hello=Hello"],
    ["{?var:3}", "?var=val"],
    ["{&var:3}", "&var=val"],
  ],
  "§3.2.1 Variable Expansion": [
    ["{count}", "one,two,three"],
    ["{count*}", "one,two,three"],
    ["{/count}", "/one,two,three"],
    ["{/count*}", "/one/two/three"],
    ["{;count}", ";count=one,two,three"],
    ["{;count*}", ";count=one;count=two;count=three"],
    ["{?count}", "?count=one,two,three"],
    ["{?count*}", "?count=one&count=two&count=three"],
    ["{&count*}", "&count=one&count=two&count=three"],
  ],
  "§3.2.2 Simple String Expansion": [
    ["{var}", "value"],
    ["{hello}", "Hello%20World%21"],
    ["{half}", "50%25"],
    ["O{empty}X", "OX"],
    ["O{undef}X", "OX"],
    ["{x,y}", "1024,768"],
    ["?{x,empty}", "?1024,"],
    ["?{x,undef}", "?1024"],
    ["?{undef,y}", "?768"],
    ["{var:3}", "val"],
    ["{var:30}", "value"],
    ["{list}", "red,green,blue"],
    ["{list*}", "red,green,blue"],
    ["{keys}", "semi,%3B,dot,.,comma,%2C"],
    ["{keys*}", "semi=%3B,dot=.,comma=%2C"],
  ],
  "§3.2.3 Reserved Expansion": [
    ["{+var}", "value"],
    ["{+hello}", "Hello%20World!"],
    ["{+half}", "50%25"],
    ["{base}index", "http%3A%2F%2Fexample.com%2Fhome%2Findex"],
    ["{+base}index", "http://example.com/home/index"],
    ["O{+empty}X", "OX"],
    ["O{+undef}X", "OX"],
    ["{+path}/here", "/foo/bar/here"],
    ["here?ref={+path}", "here?ref=/foo/bar"],
    ["up{+path}{var}/here", "up/foo/barvalue/here"],
    ["{+list}", "red,green,blue"],
    ["{+list*}", "red,green,blue"],
    ["{+keys}", "semi,;,dot,.,comma,,"],
    ["{+keys*}", "semi=;,dot=.,comma=,"],
  ],
  "§3.2.4 Fragment Expansion": [
    ["{#var}", "#value"],
    ["{#hello}", "#Hello%20World!"],
    ["{#half}", "#50%25"],
    ["foo{#empty}", "foo#"],
    ["foo{#undef}", "foo"],
    ["{#list}", "#red,green,blue"],
    ["{#list*}", "#red,green,blue"],
    ["{#keys}", "#semi,;,dot,.,comma,,"],
    ["{#keys*}", "#semi=;,dot=.,comma=,"],
  ],
  "§3.2.5 Label Expansion with Dot-Prefix": [
    ["{.who}", ".fred"],
    ["{.who,who}", ".fred.fred"],
    ["{.half,who}", ".50%25.fred"],
    ["www{.dom*}", "www.example.com"],
    ["X{.empty}", "X."],
    ["X{.undef}", "X"],
    ["X{.list}", "X.red,green,blue"],
    ["X{.list*}", "X.red.green.blue"],
    ["X{.keys}", "X.semi,%3B,dot,.,comma,%2C"],
    ["X{.keys*}", "X.semi=%3B.dot=..comma=%2C"],
    ["X{.empty_keys}", "X"],
    ["X{.empty_keys*}", "X"],
  ],
  "§3.2.6 Path Segment Expansion": [
    ["{/who}", "/fred"],
    ["{/who,who}", "/fred/fred"],
    ["{/half,who}", "/50%25/fred"],
    ["{/who,dub}", "/fred/me%2Ftoo"],
    ["{/var,empty}", "/value/"],
    ["{/var,undef}", "/value"],
    ["{/list}", "/red,green,blue"],
    ["{/list*}", "/red/green/blue"],
    ["{/keys}", "/semi,%3B,dot,.,comma,%2C"],
    ["{/keys*}", "/semi=%3B/dot=./comma=%2C"],
  ],
  "§3.2.7 Path-Style Parameter Expansion": [
    ["{;who}", ";who=fred"],
    ["{;half}", ";half=50%25"],
    ["{;empty}", ";empty"],
    ["{;v,empty,who}", ";v=6;empty;who=fred"],
    ["{;v,bar,who}", ";v=6;who=fred"],
    ["{;x,y,undef}", ";x=1024;y=768"],
    ["{;list}", ";list=red,green,blue"],
    ["{;list*}", ";list=red;list=green;list=blue"],
    ["{;keys}", ";keys=semi,%3B,dot,.,comma,%2C"],
    ["{;keys*}", ";semi=%3B;dot=.;comma=%2C"],
  ],
  "§3.2.8 Form-Style Query Expansion": [
    ["{?who}", "?who=fred"],
    ["{?half}", "?half=50%25"],
    ["{?x,y,undef}", "?x=1024&y=768"],
    ["{?list}", "?list=red,green,blue"],
    ["{?list*}", "?list=red&list=green&list=blue"],
    ["{?keys}", "?keys=semi,%3B,dot,.,comma,%2C"],
    ["{?keys*}", "?semi=%3B&dot=.&comma=%2C"],
  ],
  "§3.2.9 Form-Style Query Continuation": [
    ["{&who}", "&who=fred"],
    ["{&half}", "&half=50%25"],
    ["{&x,y,undef}", "&x=1024&y=768"],
    ["{&list}", "&list=red,green,blue"],
    ["{&list*}", "&list=red&list=green&list=blue"],
    ["{&keys}", "&keys=semi,%3B,dot,.,comma,%2C"],
    ["{&keys*}", "&semi=%3B&dot=.&comma=%2C"],
  ],
};

for (const [section, examples] of Object.entries(EXAMPLES)) {
  describe(`expand: RFC 6570 ${section}`, () => {
    it.each(examples)("%s -> %s", (template, uri) => {
      expect(new UriTemplate(template).expand(VARIABLES)).toBe(uri);
    });
  });
}

describe("expand", () => {
  it("encodes literals outside ASCII and leaves existing triplets", () => {
    expect(new UriTemplate("note://ü/%20/{x}").expand({ x: "é€😀" })).toBe(
      "note://%C3%BC/%20/%C3%A9%E2%82%AC%F0%9F%98%80",
    );
  });
  it("passes triplets and brackets in reserved expansion and encodes a lone %", () => {
    expect(new UriTemplate("{+x}").expand({ x: "[%41%zz]" })).toBe("[%41%25zz]");
  });
  it("counts a prefix in characters, not in code units or octets (§2.4.1)", () => {
    expect(new UriTemplate("{x:2}").expand({ x: "😀é!" })).toBe("%F0%9F%98%80%C3%A9");
    expect(new UriTemplate("{+x:2}").expand({ x: "%41%42%43" })).toBe("%41%42");
  });
  it("refuses a prefix of a list or map, and lone surrogates", () => {
    for (const x of [["a"], { a: "b" }]) expect(() => new UriTemplate("{x:1}").expand({ x })).toThrow(TypeError);
    expect(() => new UriTemplate("{x}").expand({ x: "\ud800" })).toThrow(/Variable x/);
    expect(() => new UriTemplate("{+x}").expand({ x: "\udfff" })).toThrow(/Variable x/);
  });
  it("skips missing list items and reads own properties only", () => {
    expect(new UriTemplate("{x*}{constructor}{__proto__}").expand({ x: ["a", null, undefined, "b"] })).toBe("a,b");
    const own: UriVariables = JSON.parse('{"__proto__":"p","constructor":"c"}');
    expect(new UriTemplate("{__proto__}-{constructor}").expand(own)).toBe("p-c");
  });
});

describe("malformed templates", () => {
  it.each([
    ["{/id*", 0],
    ["/id*}", 4],
    ["{}", 1],
    ["{?}", 2],
    ["{/?id}", 2],
    ["{var:prefix}", 5],
    ["{hello:2*}", 1],
    ["{var:0}", 5],
    ["{var:10000}", 5],
    ["{??hello}", 2],
    ["{!hello}", 1],
    ["{=path}", 1],
    ["{$var}", 1],
    ["{|var*}", 1],
    ["{*keys?}", 1],
    ["{?empty=default,var}", 2],
    ["{var}{-prefix|/-/|var}", 6],
    ["x{?empty|foo=none}", 3],
    ["/h{#hello+}", 4],
    ["/people/{~thing}", 9],
    ["/resolution{?x, y}", 15],
    ["{a..b}", 1],
    ["{a,}", 3],
    ["{%4}", 1],
    ["a b", 1],
    ["a%2", 1],
    ["a\u0007", 1],
    ["{x}\ud800", 3],
  ])("%j is refused at position %d", (template, position) => {
    const attempt = () => new UriTemplate(template);
    expect(attempt).toThrow(TypeError);
    expect(attempt).toThrow(`${JSON.stringify(template)} at position ${position}:`);
  });
  it("is bounded", () => {
    expect(() => new UriTemplate("a".repeat(MAX_TEMPLATE_LENGTH))).not.toThrow();
    expect(() => new UriTemplate("a".repeat(MAX_TEMPLATE_LENGTH + 1))).toThrow(/longer than/);
    expect(() => new UriTemplate("{a}".repeat(MAX_TEMPLATE_VARIABLES))).not.toThrow();
    expect(() => new UriTemplate("{a}".repeat(MAX_TEMPLATE_VARIABLES + 1))).toThrow(/more than/);
    expect(() => new UriTemplate(undefined as unknown as string)).toThrow(TypeError);
  });
});

/** What `match` gives, as a plain object so that it compares with literals. */
function match(template: string, uri: string): Record<string, string | string[]> | undefined {
  const found = new UriTemplate(template).match(uri);
  return found === undefined ? undefined : { ...found };
}

describe("match", () => {
  it.each<[string, string, Record<string, string | string[]> | undefined]>([
    ["a://b", "a://b", {}],
    ["a://b", "a://bc", undefined],
    ["a://b", "A://b", undefined],
    ["a://{x}", "a://", undefined],
    ["a://{x}", "a://b/c", undefined],
    ["a://{x}", "a://b?c", undefined],
    ["a://{x}", "a://b#c", undefined],
    ["a://{x}", "a://b,c;d=e@f:g", { x: "b,c;d=e@f:g" }],
    ["a://{x}", "a://b%20c", { x: "b c" }],
    ["a://{x}", "a://b%2Fc", { x: "b/c" }],
    ["a://{x}", "a://%2e%2E", { x: ".." }],
    ["a://{x}", "a://b%", undefined],
    ["a://{x}", "a://%zz", undefined],
    ["a://{x}", "a://%C3", undefined],
    ["a://{x}", "a://b+c", { x: "b+c" }],
    ["a://{x}", "a://ü", { x: "ü" }],
    ["a://ü/{x}", "a://%C3%BC/y", { x: "y" }],
    ["a://ü/{x}", "a://ü/y", { x: "y" }],
    ["a://{x}", "a://\ud800", undefined],
    ["a://{x}/b", "a://y/b", { x: "y" }],
    ["{x,y}", "1024,768", { x: "1024", y: "768" }],
    ["{x,y}", "1024", undefined],
    ["{x,y}", "1,2,3", undefined],
    ["{x*}", "a,b%2Cc,d", { x: ["a", "b,c", "d"] }],
    ["{x,y*}", "1,2,3", { x: "1", y: ["2", "3"] }],
    ["{+path}/here", "/foo/bar/here", { path: "/foo/bar" }],
    ["{+path}", "a?b#c", { path: "a?b#c" }],
    ["{+a,b}", "/x,/y", { a: "/x", b: "/y" }],
    ["doc{#frag}", "doc#/a?b", { frag: "/a?b" }],
    ["doc{#frag}", "doc", undefined],
    ["X{.ext}", "X.txt", { ext: "txt" }],
    ["www{.dom*}", "www.example.com", { dom: ["example", "com"] }],
    ["{/a}", "/b", { a: "b" }],
    ["{/a,b}", "/b/c", { a: "b", b: "c" }],
    ["{/a*}", "/b/c%2Fd/e", { a: ["b", "c/d", "e"] }],
    ["{/a*}", "/", { a: [""] }],
    ["{/a*}", "", undefined],
    ["file://{/a*}/end{?q}", "file:///b/c/end?q=1", { a: ["b", "c"], q: "1" }],
    ["{/a*,b}", "/1/2/3", { a: ["1", "2"], b: "3" }],
    ["s{?q,r}", "s", {}],
    ["s{?q,r}", "s?", {}],
    ["s{?q,r}", "s?r=2&q=1", { q: "1", r: "2" }],
    ["s{?q,r}", "s?x=9&r&q=a=b", { q: "a=b", r: "" }],
    ["s{?q}", "s?q=1&q=2", undefined],
    ["s{?q*}", "s?q=1&x&q=2", { q: ["1", "2"] }],
    ["s{?q}", "s?q=%zz", undefined],
    ["s{?q}", "s?x=%zz&q=1", { q: "1" }],
    ["s{?q}", "s?q=1#f", undefined],
    ["s{?q}{#f}", "s?q=1#f", { q: "1", f: "f" }],
    ["s{?q}{&r}", "s?r=2&q=1", { q: "1", r: "2" }],
    ["s{?q}{&r}", "s?q=1&r=2", { q: "1", r: "2" }],
    ["?fixed=yes{&x}", "?fixed=yes&x=1024", { x: "1024" }],
    ["?fixed=yes{&x}", "?fixed=yes", {}],
    ["{;x,y}", ";y=2;x=1", { x: "1", y: "2" }],
    ["{;x,y}", ";x", { x: "" }],
    ["{;x}{;y}", ";y=2;x=1", { x: "1", y: "2" }],
    ["{/a}{;v}{/b}{;v*}", "/m;v=1/n", { a: "m", b: "n", v: "1" }],
    ["{name}{;v}", "a;v=1", { name: "a", v: "1" }],
  ])("%s on %s", (template, uri, expected) => {
    expect(match(template, uri)).toEqual(expected);
  });

  it.each<[string, string, Record<string, string | string[]> | undefined]>([
    ["{a}{b}", "xyz", { a: "xy", b: "z" }],
    ["{a}{b}", "x", undefined],
    ["{name}.{ext}", "a.tar.gz", { name: "a.tar", ext: "gz" }],
    ["{name}{.ext}", "a.tar.gz", { name: "a.tar", ext: "gz" }],
    ["{+dir}/{name}", "a/b/c", { dir: "a/b", name: "c" }],
    ["{+dir}{/name}", "a/b/c", { dir: "a/b", name: "c" }],
    ["{+a}{+b}", "xyz", { a: "xy", b: "z" }],
    ["{+path}{?q}", "a/b?q=c", { path: "a/b", q: "c" }],
    ["{+base}/items{?q}", "b/items?q=/items", { base: "b", q: "/items" }],
    ["{+path}{#f}", "a#b#c", { path: "a", f: "b#c" }],
    ["{x}{&y}", "a&y=1", { x: "a", y: "1" }],
    ["{x}{;m}{?q}{&y}", "a&y=1", { x: "a", y: "1" }],
    ["{/a*}{/b*}", "/1/2/3", { a: ["1", "2"], b: ["3"] }],
    ["s{?q}?{x}", "s?q", { x: "q" }],
  ])("cuts %s on %s at the longest value to the left", (template, uri, expected) => {
    expect(match(template, uri)).toEqual(expected);
  });

  it.each<[string, string, Record<string, string | string[]> | undefined]>([
    ["{x}/{x}", "a/a", { x: "a" }],
    ["{x}/{x}", "a/b", undefined],
    ["{x}/{x}", "a/%61", { x: "a" }],
    ["{/x*}?{x*}", "/a/b?a,b", { x: ["a", "b"] }],
    ["{/x*}?{x*}", "/a/b?a,c", undefined],
    ["{/x*}?{x}", "/a?a", undefined],
    ["{x:3}", "abc", { x: "abc" }],
    ["{x:3}", "abcd", undefined],
    ["{x:2}", "%F0%9F%98%80%C3%A9", { x: "😀é" }],
    ["{/var:1,var}", "/v/value", { var: "value" }],
    ["{/var:1,var}", "/x/value", undefined],
    ["{/v:1,v:3}", "/v/val", { v: "val" }],
    ["{/v:3,v:1}", "/val/v", { v: "val" }],
    ["{?q:2}", "?q=abc", undefined],
  ])("a repeated or prefixed variable has one value: %s on %s", (template, uri, expected) => {
    expect(match(template, uri)).toEqual(expected);
  });

  it("gives results without a prototype, whatever the names", () => {
    const found = new UriTemplate("a://{__proto__}/{constructor}{?toString,__proto__x*}").match(
      "a://x/y?toString=z&__proto__=q",
    );
    expect(Object.getPrototypeOf(found)).toBeNull();
    expect(Object.entries(found ?? {})).toEqual([
      ["__proto__", "x"],
      ["constructor", "y"],
      ["toString", "z"],
    ]);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
    expect(new UriTemplate("a{?x}").match("a")?.constructor).toBeUndefined();
  });

  it("names every variable once and keeps the template", () => {
    const template = new UriTemplate("{a}/{b*}{?a,c:3}");
    expect(template.variableNames).toEqual(["a", "b", "c"]);
    expect(`${template}`).toBe(template.template);
  });

  it("does not match a URI over the bound, encoded or not", () => {
    expect(match("{x}", "a".repeat(MAX_URI_LENGTH))).toBeDefined();
    expect(match("{x}", "a".repeat(MAX_URI_LENGTH + 1))).toBeUndefined();
    expect(match("{x}", "ü".repeat(MAX_URI_LENGTH / 2))).toBeUndefined();
  });
});

/** Far above what a linear matcher needs (tens of milliseconds), far below what one nested repetition costs. */
const BOMB_CEILING_MS = 3000;

describe("bombs (CVE-2026-0621)", () => {
  const many = (text: string) => text.repeat(Math.floor(MAX_URI_LENGTH / text.length) - 1);
  it.each([
    ["{/a*}", `${many("/")}?`],
    ["{/a*}{/b*}{/c*}{/d*}{/e*}{/f*}x", many("/a")],
    [`${"{/a*}".repeat(MAX_TEMPLATE_VARIABLES)}!`, many("/")],
    [`${"{+a}{+b}".repeat(MAX_TEMPLATE_VARIABLES / 2)}!`, many("a")],
    [`${"{a*},".repeat(MAX_TEMPLATE_VARIABLES)}!`, many("a,")],
    [`${"{a}a".repeat(MAX_TEMPLATE_VARIABLES)}!`, many("a")],
    [`{+x}${"a".repeat(MAX_TEMPLATE_LENGTH - 5)}b`, many("a")],
    [`x${"{?a*}{&b*}".repeat(MAX_TEMPLATE_VARIABLES / 2)}!`, `x?${many("&a=1")}`],
    [`${"{;a*}{+b}".repeat(MAX_TEMPLATE_VARIABLES / 2)}!`, many(";a")],
  ])("%j fails in bounded time", (template, uri) => {
    const compiled = new UriTemplate(template);
    const start = performance.now();
    expect(compiled.match(uri)).toBeUndefined();
    expect(performance.now() - start).toBeLessThan(BOMB_CEILING_MS);
  });
});

describe("properties", () => {
  const word = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 });
  const words = fc.array(word, { minLength: 1, maxLength: 5 });

  it("expand then match gives the same variables for reversible templates", () => {
    const template = new UriTemplate("mcp://{host}/v/{a,b}{/path*}/end{.ext}{;m,n*}{?q,r*}{&s}{#frag}");
    // RFC 6570 §3.2.3: `+` and `#` pass reserved characters and triplets, so `%41` would come back as `A`.
    const frag = word.filter((text) => !text.includes("%"));
    // `.` is not encoded in a label, and a segment `end` would move the literal: both are ambiguous by nature.
    const segments = words.filter((list) => !list.includes("end"));
    const label = word.filter((text) => !text.includes("."));
    const required = { host: word, a: word, b: word, path: segments, ext: label, frag };
    const optional = { m: fc.string(), n: words, q: fc.string(), r: words, s: fc.string() };
    const variables = fc.record(
      { ...required, ...optional },
      { requiredKeys: ["host", "a", "b", "path", "ext", "frag"] },
    );
    fc.assert(
      fc.property(variables, (given) => {
        expect({ ...template.match(template.expand(given)) }).toEqual({ ...given });
      }),
      { numRuns: 500 },
    );
  });

  /** A slow, obviously right matcher for literals and `{x}`: tries every cut, longest first. */
  function reference(parts: readonly string[], uri: string): readonly string[] | undefined {
    const [head, ...rest] = parts;
    if (head === undefined) return uri === "" ? [] : undefined;
    if (head !== "{}") return uri.startsWith(head) ? reference(rest, uri.slice(head.length)) : undefined;
    for (let end = uri.length; end >= 1; end--) {
      if (uri.slice(0, end).includes("/")) continue;
      const found = reference(rest, uri.slice(end));
      if (found !== undefined) return [uri.slice(0, end), ...found];
    }
    return undefined;
  }

  it("agrees with a matcher that tries every cut", () => {
    const part = fc.constantFrom("a", "b", "/", "ab", "{}", "{}");
    const uri = fc.string({ unit: fc.constantFrom("a", "b", "/"), maxLength: 12 });
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), uri, (parts, text) => {
        let count = 0;
        const template = new UriTemplate(parts.map((one) => (one === "{}" ? `{v${count++}}` : one)).join(""));
        const found = template.match(text);
        expect(found === undefined ? undefined : Object.values(found)).toEqual(reference(parts, text));
      }),
      { numRuns: 3000 },
    );
  });

  it("never throws on any URI, and what it finds is a string or a list of strings", () => {
    const piece = fc.constantFrom("{x}", "{+y}", "{/z*}", "{?q,r*}", "{;m}", "{.e*}", "{#f}", "{w:2}", "/", "a", "?b");
    const text = fc.string({
      unit: fc.constantFrom("a", "/", "?", "#", "%", "2", "F", ";", "&", "=", ",", ".", "ü", "\ud800"),
      maxLength: 20,
    });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), text, (pieces, uri) => {
        const found = new UriTemplate(pieces.join("")).match(uri);
        for (const value of Object.values(found ?? {}))
          expect([value].flat().every((one) => typeof one === "string")).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });
});
