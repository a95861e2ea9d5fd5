/** What schedules went through: a simulator that never gets to the hard places finds nothing in them. */
export interface Coverage {
  schedules: number;
  events: number;
  calls: number;
  starts: number;
  effects: number;
  crashes: number;
  pauses: number;
  cuts: number;
  jumps: number;
  /** Operations whose lease ran out and that somebody else claimed. */
  takeovers: number;
  /** Those whose former owner was alive. */
  zombies: number;
  /** Outcomes of theirs that the store refused. */
  refused: number;
  /** Calls that found the operation at work in their own process. */
  attaches: number;
  replays: number;
  reruns: number;
  unknowns: number;
  /** Unknown although no handler began: the process died in between, or did not hear that its claim was won. */
  unknownsWithoutStart: number;
  releases: number;
  suspends: number;
  expired: number;
  conflicts: number;
  cancels: number;
  disconnects: number;
  storeErrors: number;
  /** Outcomes that were told although the store did not take them: the documented exception. */
  toldUnrecorded: number;
  streams: number;
  appended: number;
  delivered: number;
  drops: number;
  resumes: number;
  gaps: number;
  /** Connections that the server ended because their reader was too slow. */
  slowAborts: number;
  /** Streams that were forgotten, and whose readers were told so. */
  lostStreams: number;
}

export function noCoverage(): Coverage {
  return {
    schedules: 0,
    events: 0,
    calls: 0,
    starts: 0,
    effects: 0,
    crashes: 0,
    pauses: 0,
    cuts: 0,
    jumps: 0,
    takeovers: 0,
    zombies: 0,
    refused: 0,
    attaches: 0,
    replays: 0,
    reruns: 0,
    unknowns: 0,
    unknownsWithoutStart: 0,
    releases: 0,
    suspends: 0,
    expired: 0,
    conflicts: 0,
    cancels: 0,
    disconnects: 0,
    storeErrors: 0,
    toldUnrecorded: 0,
    streams: 0,
    appended: 0,
    delivered: 0,
    drops: 0,
    resumes: 0,
    gaps: 0,
    slowAborts: 0,
    lostStreams: 0,
  };
}
