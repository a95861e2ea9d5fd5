/**
 * [70] Every entry point that takes bytes, texts or schemas from somebody else, with a few thousand inputs each; the
 * same inputs by the million are `npm run fuzz`. The seed is another one in every run; HOLDFAST_FUZZ_SEED sets it.
 */
import { describe, test } from "vitest";
import { checkTarget } from "./kit/check.js";
import type { Target } from "./kit/target.js";
import { channel } from "./targets/channel.js";
import { fetch } from "./targets/fetch.js";
import { headers } from "./targets/headers.js";
import { http } from "./targets/http.js";
import { jsonScan } from "./targets/json-scan.js";
import { requestState } from "./targets/request-state.js";
import { resume } from "./targets/resume.js";
import { schema } from "./targets/schema.js";
import { schemaAjv } from "./targets/schema-ajv.js";
import { sealed } from "./targets/sealed.js";
import { stdio } from "./targets/stdio.js";
import { stdioProcess } from "./targets/stdio-process.js";
import { tcp } from "./targets/tcp.js";
import { uriTemplate } from "./targets/uri-template.js";

const MAX_SEED = 2 ** 31;
const SEED = Number(process.env.HOLDFAST_FUZZ_SEED ?? Math.floor(Math.random() * MAX_SEED));

function fuzz(target: Target, inputs: number): Promise<void> {
  return checkTarget(target, { seed: SEED, inputs });
}

describe(`fuzz (seed ${SEED})`, () => {
  describe("messages", () => {
    test("[63, 66, 67, 70] frames of every revision on a channel: one answer to each request, valid in its revision", () =>
      fuzz(channel, 1500));

    test("[62, 64, 65, 70] the JSON parser agrees with a slow one on what is JSON and within the bounds", () =>
      fuzz(jsonScan, 4000));

    test("[21, 70] a request state opens with the call it was made for, and with no other", () =>
      fuzz(requestState, 2000));

    test("[70, S17] names and arguments in headers are read as they were written", () => fuzz(headers, 5000));
  });

  describe("HTTP", () => {
    test("[47, 57, 70] any request to any route gets one reply that a client can read", () => fuzz(http, 2000));

    test("[70, S15] web-standard requests with bodies in pieces and clients that leave", () => fuzz(fetch, 1500));

    test("[70, S15] raw bytes on a socket: the next client is served", () => fuzz(tcp, 250));

    test("[42, 70] streams are resumed by who has them, from where they were", () => fuzz(resume, 1500));

    test("[70, 94] sealed tokens open for their owner and purpose alone", () => fuzz(sealed, 5000));
  });

  describe("stdio", () => {
    test("[58, 65, 70, 88] lines come out of bytes however these are cut", () => fuzz(stdio, 5000));

    test("[65, 70, S15] a server process lives through any bytes on its stdin", () => fuzz(stdioProcess, 800));
  });

  describe("what authors bring", () => {
    test("[68, 70, S16] URI templates match and expand anything in time", () => fuzz(uriTemplate, 5000));

    test("[68, 70] schemas compile or are refused, and judge any value", () => fuzz(schema, 3000));

    test("[70] schemas judge values as ajv does", () => fuzz(schemaAjv, 400));
  });
});
