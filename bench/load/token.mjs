/** An access token as issuers make them, and the keys by which a server finds out that it is good. */
import { exportJWK, generateKeyPair, SignJWT } from "jose";

const ALG = "RS256";
const KID = "bench";
const ISSUER = "https://login.example/";
const AUDIENCE = "https://bench.example/mcp";

const { privateKey, publicKey } = await generateKeyPair(ALG);
/** What the server is told: whose tokens, for whom, and the keys it would fetch. */
export const PUBLIC_KEYS = {
  issuer: ISSUER,
  audience: AUDIENCE,
  keys: [{ ...(await exportJWK(publicKey)), kid: KID, alg: ALG, use: "sig" }],
};

const claims = {
  scope: "openid profile products:read orders:read",
  permissions: ["products:read", "orders:read"],
  client_id: "bench",
};
export const TOKEN = await new SignJWT(claims)
  .setProtectedHeader({ alg: ALG, kid: KID, typ: "at+jwt" })
  .setIssuer(ISSUER)
  .setAudience(AUDIENCE)
  .setSubject("auth0|6507a2e1d3f4c8b9a0e1f2d3")
  .setIssuedAt()
  .setExpirationTime("12h")
  .sign(privateKey);
