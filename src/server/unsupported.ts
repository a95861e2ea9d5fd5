import { ErrorCode } from "../errors.js";
import { MODERN, revisionOf, SUPPORTED_VERSIONS } from "../protocol/revisions/index.js";

function isLegacy(version: string): boolean {
  return revisionOf(version)?.era === "legacy";
}

/** -32022 (2026-07-28, versioning): names what is supported, so that the client can choose. */
export function unsupported(requested: string): { code: number; message: string; data: object } {
  return {
    code: ErrorCode.UnsupportedProtocolVersion,
    message: "Unsupported protocol version",
    // A legacy version in a modern envelope is not usable this way, so it is not offered again.
    data: { supported: isLegacy(requested) ? [MODERN.version] : SUPPORTED_VERSIONS, requested },
  };
}
