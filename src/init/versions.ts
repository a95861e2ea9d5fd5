/** What a project gets beside this package: the versions that this package is tested with, all for Node 20.19. */
export const VERSIONS = {
  "@modelcontextprotocol/client": "2.4.0",
  "@types/node": "20.19.43",
  lmdb: "3.5.6",
  tsx: "4.23.15",
  typescript: "7.0.2",
  vitest: "4.1.12",
  zod: "4.6.7",
} as const;

/**
 * Of what lmdb brings, as in this package: builds for other platforms that a registry lacks are missing in the lock file,
 * and `npm ci` refuses it.
 */
export const OVERRIDES = { "msgpackr-extract": "3.0.4" } as const;

/** As `engines` of this package. */
export const NODE_RANGE = ">=20.19";
