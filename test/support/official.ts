/** Every way the official clients can reach a server, so that one test runs over all of them. */
import type { OfficialDriver } from "./official-types.js";
import { v1Driver } from "./official-v1.js";
import { v2Driver } from "./official-v2.js";

export { ANSWERS, type Answers, CAPABILITIES, fill } from "./official-answers.js";
export type {
  CallOptions,
  ConnectOptions,
  OfficialClient,
  OfficialDriver,
  OfficialNotification,
  OfficialTarget,
  OfficialTransport,
  ToolResult,
  Watch,
} from "./official-types.js";
export { v1Driver } from "./official-v1.js";
export { type V2Mode, v2Driver } from "./official-v2.js";

/** 2026-07-28 has no HTTP+SSE, so there is no modern driver for it. */
export const OFFICIAL_DRIVERS: readonly OfficialDriver[] = [
  v1Driver("stdio"),
  v1Driver("sse"),
  v1Driver("http"),
  v2Driver("legacy", "stdio"),
  v2Driver("legacy", "sse"),
  v2Driver("legacy", "http"),
  v2Driver("modern", "stdio"),
  v2Driver("modern", "http"),
  v2Driver("auto", "stdio"),
  v2Driver("auto", "http"),
];
