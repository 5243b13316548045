import { calculateJwkThumbprint, importJWK, SignJWT } from "jose";
import type { Read, Write } from "#runtime";
import {
  ACCESS_TOKEN_SECONDS,
  AUDIENCE,
  ISSUER,
  isWornOut,
  publicJwk,
  type SigningKey,
  stillTrusted,
} from "./domain/keys.ts";
import type { Entropy } from "./ports/entropy.ts";
import { addKey, keysOf, removeKey } from "./store.ts";

/** What an access token says. */
export interface Claims {
  readonly userId: string;
  readonly role: string;
  readonly sessionId: string;
  readonly issuedAtMs: number;
}

/** Signs an access token: a JWT of ten minutes. The same key and claims give the same token. */
export async function signAccessToken(key: SigningKey, claims: Claims): Promise<string> {
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

/** The key to sign with now; a new one is made by the first caller and whenever one is worn out. */
export async function currentKey({ read, intent, entropy, now }: KeyRing): Promise<SigningKey> {
  const newest = keysOf(read)[0];
  if (newest !== undefined && !isWornOut(newest, now())) return newest;
  const made = await makeKey(entropy.bytes(32), now());
  return intent((tx) => keepIfDue(tx, made));
}

/** Where signing keys are kept, and what a new one is made of. */
export interface KeyRing {
  readonly read: Read;
  readonly entropy: Entropy;
  intent(work: (tx: Write) => SigningKey): Promise<SigningKey>;
  now(): number;
}

/** Of several callers that made a key at once, the first one's is kept, and signs for all. */
function keepIfDue(tx: Write, made: SigningKey): SigningKey {
  const known = keysOf(tx);
  const [newest] = known;
  if (newest !== undefined && !isWornOut(newest, made.madeAtMs)) return newest;
  addKey(tx, made);
  const trusted = stillTrusted([made, ...known], made.madeAtMs);
  for (const key of known) if (!trusted.includes(key)) removeKey(tx, key.kid);
  return made;
}

/** The DER that stands before the 32 bytes of an Ed25519 private key (RFC 8410). */
const PKCS8_PREFIX = Uint8Array.fromHex("302e020100300506032b657004220420");

async function makeKey(seed: Uint8Array, madeAtMs: number): Promise<SigningKey> {
  const der = new Uint8Array([...PKCS8_PREFIX, ...seed]);
  const imported = await crypto.subtle.importKey("pkcs8", der, "Ed25519", true, ["sign"]);
  const { x, d } = await crypto.subtle.exportKey("jwk", imported);
  if (x === undefined || d === undefined) throw new TypeError("The platform made no Ed25519 key.");
  const kid = await calculateJwkThumbprint({ kty: "OKP", crv: "Ed25519", x });
  return { kid, x, d, madeAtMs };
}
