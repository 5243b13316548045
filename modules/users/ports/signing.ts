import { calculateJwkThumbprint } from "jose/jwk/thumbprint";
import { SignJWT } from "jose/jwt/sign";
import { importJWK } from "jose/key/import";
import { port, t } from "#runtime";
import {
  ACCESS_TOKEN_SECONDS,
  AUDIENCE,
  ISSUER,
  publicJwk,
  type SigningKey,
} from "../domain/keys.ts";

/** What an access token says. */
export interface Claims {
  readonly userId: string;
  readonly role: string;
  readonly sessionId: string;
  readonly issuedAtMs: number;
}

/** Makes keys, and signs with them. */
export interface Signing {
  /** A new key, which nobody can guess. */
  makeKey(madeAtMs: number): Promise<SigningKey>;
  /** An access token of ten minutes. The same key and claims give the same token. */
  sign(key: SigningKey, claims: Claims): Promise<string>;
}

/** Ed25519 by the platform, outside of the thread that runs the handlers. */
export const signing = port("users.signing", {
  settings: t.Object({}),
  open: (_settings, world): Signing => ({
    makeKey: (madeAtMs) => keyFrom(world.randomBytes(32), madeAtMs),
    sign: signAccessToken,
  }),
});

async function signAccessToken(key: SigningKey, claims: Claims): Promise<string> {
  const issuedAt = Math.floor(claims.issuedAtMs / 1_000);
  return new SignJWT({ sid: claims.sessionId, role: claims.role })
    .setProtectedHeader({ alg: "EdDSA", typ: "at+jwt", kid: key.kid })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setSubject(claims.userId)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + ACCESS_TOKEN_SECONDS)
    .sign(await importJWK({ ...publicJwk(key), d: key.d }, "EdDSA"));
}

/** The DER that stands before the 32 bytes of an Ed25519 private key (RFC 8410). */
const PKCS8_PREFIX = Uint8Array.fromHex("302e020100300506032b657004220420");

async function keyFrom(seed: Uint8Array, madeAtMs: number): Promise<SigningKey> {
  const der = new Uint8Array([...PKCS8_PREFIX, ...seed]);
  const imported = await crypto.subtle.importKey("pkcs8", der, "Ed25519", true, ["sign"]);
  const { x, d } = await crypto.subtle.exportKey("jwk", imported);
  if (x === undefined || d === undefined) throw new TypeError("The platform made no Ed25519 key.");
  const kid = await calculateJwkThumbprint({ kty: "OKP", crv: "Ed25519", x });
  return { kid, x, d, madeAtMs };
}
