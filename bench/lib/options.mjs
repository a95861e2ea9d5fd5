/** The command line of `npm run bench`, and how much work a run does. */
import { parseArgs } from "node:util";
import { ROWS } from "../rows/index.mjs";
import { PEERS } from "../servers/peers.mjs";

const FULL = {
  rounds: 9,
  startRounds: 11,
  burstCpuMs: 150,
  warmCalls: 20_000,
  warmCpuMs: 3000,
  ownPairs: 3,
  peerPairs: 1,
  streams: 9800,
  sessions: 20_000,
  firstSessions: 1000,
  heavySessions: 5000,
  firstAborts: 2000,
  aborts: 100_000,
  peerAborts: 10_000,
};
const QUICK = {
  rounds: 4,
  startRounds: 4,
  burstCpuMs: 60,
  warmCalls: 10_000,
  warmCpuMs: 1500,
  ownPairs: 2,
  peerPairs: 0,
  streams: 1800,
  sessions: 6000,
  firstSessions: 500,
  heavySessions: 1000,
  firstAborts: 1000,
  aborts: 5000,
  peerAborts: 1500,
};

const HELP = `npm run bench -- [options]

  --quick          a few minutes instead of a quarter of an hour; fewer rounds, streams and sessions
  --only a,b       rows: ${ROWS.map((row) => row.name).join(", ")}
  --peers a,b      beside bare: ${PEERS.slice(1)
    .map((peer) => peer.name)
    .join(", ")}
  --json FILE      also write the results there
  --dist DIR       another build of Holdfast (default: dist/)
`;

export function readOptions() {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      peers: { type: "string" },
      json: { type: "string" },
      dist: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    process.exit(0);
  }
  const rows = chosen(ROWS, values.only);
  const peers = chosen(PEERS, values.peers, ["bare"]);
  const complete = rows.length === ROWS.length && peers.length === PEERS.length;
  const size = values.quick ? QUICK : FULL;
  return { ...size, ...values, mode: values.quick ? "quick" : "full", allRows: ROWS, rows, peers, complete };
}

function chosen(all, list, always = []) {
  if (list === undefined) return all;
  const names = new Set([...always, ...list.split(",").map((name) => name.trim())]);
  for (const name of names) {
    if (!all.some((one) => one.name === name))
      throw new Error(`${name} is none of ${all.map((one) => one.name).join(", ")}`);
  }
  return all.filter((one) => names.has(one.name));
}
