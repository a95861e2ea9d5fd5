/**
 * [S18] URLs that an authorization server chose: fetched over http(s) as configured or not at all, opened by nothing, and
 * no program of this machine ever sees them.
 */
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { introspection } from "../../src/auth/introspection.js";
import { jwt } from "../../src/auth/jwt.js";
import { AuthenticationUnavailableError, type Authenticator, McpServer } from "../../src/index.js";
import { silentLogger } from "../../src/util/logger.js";
import { refusal } from "../auth/helpers/auth-request.js";
import { type IntrospectionServer, introspectionServer } from "../auth/helpers/introspection-server.js";
import { AUDIENCE, bearer, FakeIssuer } from "../auth/helpers/issuer.js";
import { webServer } from "../auth/helpers/web-servers.js";
import { Watch } from "./helpers/security-watch.js";
import { serve } from "./helpers/server.js";

const HTTPS = "https://login.example.com";
const portOf = (url: string) => Number(new URL(url).port);
const META = "/.well-known/oauth-authorization-server";

let folder: string;
let watch: Watch;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-urls-"));
  watch = new Watch().start();
});
afterEach(async () => {
  watch.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Would be there if a shell had seen one of the values. */
const touched = () => existsSync(join(folder, "touched"));

/**
 * What somebody could name in place of an endpoint. Behind the first ones stands what the endpoint itself would answer,
 * so that whoever opened them would be convinced.
 */
async function foreign(answer: unknown, port: number): Promise<readonly string[]> {
  const text = JSON.stringify(answer);
  const file = join(folder, "answer.json");
  await writeFile(file, text);
  const touch = `touch ${join(folder, "touched")}`;
  return [
    ...[pathToFileURL(file).href, file, `data:application/json,${encodeURIComponent(text)}`],
    URL.createObjectURL(new Blob([text], { type: "application/json" })),
    ...["file:///etc/passwd", "javascript:process.exit(1)", "ftp://127.0.0.1/keys", "unix:///run/docker.sock"],
    ...["node:child_process", "//127.0.0.1/keys", "/keys", "", "http://", `ws://127.0.0.1:${port}/keys`],
    ...[
      "http://169.254.169.254/latest/meta-data",
      "http://[fd00:ec2::254]/",
      "http://10.0.0.1/keys",
      "http://2852039166/",
    ],
    ...[`http://127.0.0.1.evil.example:${port}/keys`, `http://user:pw@127.0.0.1:${port}/keys`],
    ...[`$(${touch})`, `\`${touch}\``, `; ${touch}`, `| ${touch}`, `x" & ${touch} & "`, `--browser=${touch}`],
    ...[`file:///$(${touch})`, `http://$(${touch})/`, `http://a.example/;${touch}`, "\\\\127.0.0.1\\share\\keys"],
  ];
}

/** Stands in for the network between here and an issuer whose name is public. */
function asPublic(port: number, asked: string[]): typeof fetch {
  return (input, init) => {
    asked.push(String(input));
    return fetch(String(input).replace(HTTPS, `http://127.0.0.1:${port}`), init);
  };
}

async function expectNothingOpened(auth: Authenticator, token: string, value: string): Promise<void> {
  const before = watch.fetched.length;
  const error = await refusal(auth, bearer(token));
  expect(error, value).toBeInstanceOf(AuthenticationUnavailableError);
  expect(
    watch.fetched.slice(before).map((url) => new URL(url).pathname),
    value,
  ).toEqual([META]);
  expect([watch.programs, touched()], value).toEqual([[], false]);
}

describe("[S18] keys", () => {
  let issuer: FakeIssuer;
  beforeEach(async () => {
    issuer = await FakeIssuer.start();
  });
  afterEach(() => issuer.close());
  const port = () => portOf(issuer.url);

  test("are fetched from where the metadata say, in whatever words a path is written", async () => {
    issuer.metadata = { jwks_uri: `${issuer.jwksUri}?$(touch ${join(folder, "touched")})` };
    const auth = jwt({ issuer: issuer.url, audience: AUDIENCE, logger: silentLogger });
    const error = await refusal(auth, bearer(await issuer.sign()));
    expect(error).toBeInstanceOf(AuthenticationUnavailableError);
    expect(watch.requests.map(({ url }) => new URL(url, issuer.url).pathname)).toEqual([META, "/keys"]);
    expect([watch.programs, touched()]).toEqual([[], false]);
    issuer.metadata = {};
    const known = jwt({ issuer: issuer.url, audience: AUDIENCE, logger: silentLogger });
    expect(await known.authenticate(bearer(await issuer.sign()))).toMatchObject({ subject: "ada" });
  });

  test("of an issuer on loopback come from nowhere else", async () => {
    const token = await issuer.sign();
    for (const jwks_uri of await foreign({ keys: issuer.published }, port())) {
      issuer.metadata = { jwks_uri };
      const auth = jwt({ issuer: issuer.url, audience: AUDIENCE, logger: silentLogger });
      await expectNothingOpened(auth, token, jwks_uri);
    }
    expect(issuer.keysRequests).toBe(0);
  });

  test("of an issuer over https do not come over http, not from this machine either", async () => {
    const token = await issuer.sign({ iss: HTTPS });
    const values = await foreign({ keys: issuer.published }, port());
    for (const jwks_uri of [...values, issuer.jwksUri, `http://localhost:${port()}/keys`]) {
      issuer.metadata = { issuer: HTTPS, jwks_uri };
      const asked: string[] = [];
      const fetch = asPublic(port(), asked);
      const auth = jwt({ issuer: HTTPS, audience: AUDIENCE, logger: silentLogger, fetch });
      await expectNothingOpened(auth, token, jwks_uri);
      expect(asked, jwks_uri).toEqual([`${HTTPS}${META}`]);
    }
    expect(issuer.keysRequests).toBe(0);
  });
});

describe("[S18] introspection", () => {
  const ACTIVE = { active: true, sub: "ada", aud: AUDIENCE };
  const client = { clientId: "mcp", clientSecret: "canary-secret", audience: AUDIENCE };

  test("asks no other kind of place about a token", async () => {
    const as = await introspectionServer();
    as.tokens.set("good", ACTIVE);
    const good = introspection({ issuer: as.issuer, ...client });
    expect(await good.authenticate(bearer("good"))).toMatchObject({ subject: "ada" });
    as.asked.length = 0;
    for (const introspection_endpoint of await foreign(ACTIVE, portOf(as.issuer))) {
      as.metadata = { introspection_endpoint };
      await expectNothingOpened(introspection({ issuer: as.issuer, ...client }), "good", introspection_endpoint);
    }
    expect(as.asked).toEqual([]);
    await as.close();
  });

  /** Both tests differ in what is named alone. */
  async function expectNobodyAsked(values: (as: IntrospectionServer) => Promise<readonly string[]>): Promise<void> {
    const as = await introspectionServer();
    as.tokens.set("good", ACTIVE);
    for (const introspection_endpoint of await values(as)) {
      as.metadata = { issuer: HTTPS, introspection_endpoint };
      const auth = introspection({ issuer: HTTPS, ...client, fetch: asPublic(portOf(as.issuer), []) });
      await expectNothingOpened(auth, "good", introspection_endpoint);
    }
    expect(as.asked).toEqual([]);
    await as.close();
  }

  test("of an issuer over https asks no other kind of place either", async () => {
    await expectNobodyAsked((as) => foreign(ACTIVE, portOf(as.issuer)));
  });

  test("of an issuer over https tells no port of this machine a token and its own secret", async () => {
    await expectNobodyAsked(async (as) => [as.url, as.url.replace("127.0.0.1", "localhost")]);
  });
});

test("[S18] what clients are told of an issuer is handed on as text: no member of it is opened here", async () => {
  const issuer = await FakeIssuer.start();
  const elsewhere = await webServer((_, response) => response.end("{}"));
  const values = [...(await foreign({}, elsewhere.port)), `http://127.0.0.1:${elsewhere.port}/`];
  const members = ["authorization_endpoint", "token_endpoint", "registration_endpoint", "revocation_endpoint"];
  const more = ["op_policy_uri", "service_documentation", "signed_metadata", "introspection_endpoint", "logo_uri"];
  const named = values.map((value, index) => [[...members, ...more][index] ?? `x_${index}_uri`, value] as const);
  issuer.metadata = Object.fromEntries(named);
  const auth = jwt({ issuer: issuer.url, audience: AUDIENCE, logger: silentLogger });
  const served = await serve(new McpServer({ name: "mirror", version: "1.0.0" }, { auth, logger: silentLogger }));
  for (const name of ["oauth-authorization-server", "openid-configuration"]) {
    const answer = await fetch(`${served.base}/.well-known/${name}`);
    expect(await answer.json()).toMatchObject(issuer.metadata);
  }
  expect(watch.requests.filter(({ port }) => port !== portOf(served.base))).toHaveLength(1);
  expect([elsewhere.seen, watch.programs, touched()]).toEqual([[], [], false]);
  for (const one of [served, issuer, elsewhere]) await one.close();
});
