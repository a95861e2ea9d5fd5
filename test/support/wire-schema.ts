/** The judge of the wire, in one import. */
export { isRevision, isWireObject, LATEST, REVISIONS, type Revision, type WireObject } from "./wire-definitions.js";
export { type Exchange, type ExchangeOptions, type WireEntry, WireRecorder } from "./wire-recorder.js";
export { assertValidServerMessage, type MessageContext } from "./wire-rules.js";
