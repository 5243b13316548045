import type { CryptoKey, JWTPayload } from "jose";
import { JOSEError } from "jose/errors";
import { calculateJwkThumbprint } from "jose/jwk/thumbprint";
import { jwtVerify } from "jose/jwt/verify";
import { importJWK } from "jose/key/import";
import type { Identity, OutputOf, Role } from "#runtime";
import type { users } from "./contract.ts";
import { AUDIENCE, ISSUER, LEEWAY_SECONDS } from "./domain/keys.ts";

const TOKEN_LENGTH_MAX = 4_096;
const REMEMBERED_MAX = 10_000;
const KEYS_FRESH_MS = 5 * 60_000;
/** When the keys cannot be had: by then every token that was signed before has run out. */
const KEYS_STALE_MAX_MS = 15 * 60_000;
const FETCH_PAUSE_MS = 1_000;

type TokenKeys = OutputOf<typeof users.tokenKeys>;

/**
 * The bearer of this token is nobody: it is malformed, forged, for somebody else, or has run out.
 */
export class InvalidToken extends Error {
  override readonly name = "InvalidToken";
}

/**
 * Makes the function that tells from an access token who sent it.
 *
 * It rejects with InvalidToken, and with the error of `tokenKeys` when no usable keys can be had.
 * Keys are kept for five minutes and fetched again for a key id that is unknown, at most once a
 * second. Verified tokens are remembered until they run out, at most 10,000, because verifying one
 * costs as much as the rest of a small request; they are forgotten when a key is withdrawn.
 */
export function authenticator({
  tokenKeys,
  now,
}: {
  readonly tokenKeys: () => Promise<TokenKeys>;
  readonly now: () => number;
}): (bearer: string) => Promise<Identity> {
  const remembered = new Map<string, Verified>();
  const keys = keyCache({ tokenKeys, now, onWithdrawn: () => remembered.clear() });

  return async function authenticate(bearer) {
    const known = remembered.get(bearer);
    if (known !== undefined && now() < known.endsAtMs) return known.identity;
    remembered.delete(bearer);
    if (bearer.length > TOKEN_LENGTH_MAX) {
      throw new InvalidToken(`The token is longer than ${TOKEN_LENGTH_MAX} characters.`);
    }
    const verified = verifiedFrom(await verify(bearer, { keys, nowMs: now() }));
    for (const oldest of remembered.keys()) {
      if (remembered.size < REMEMBERED_MAX) break;
      remembered.delete(oldest);
    }
    remembered.set(bearer, verified);
    return verified.identity;
  };
}

interface Verified {
  readonly identity: Identity;
  readonly endsAtMs: number;
}

/** Finds the key with an id; undefined when there is none. */
type KeyById = (kid: string) => Promise<CryptoKey | undefined>;

async function verify(
  bearer: string,
  { keys, nowMs }: { keys: KeyById; nowMs: number },
): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(
      bearer,
      async ({ kid }) => {
        const key = kid === undefined ? undefined : await keys(kid);
        if (key === undefined) throw new InvalidToken("The token is signed by an unknown key.");
        return key;
      },
      {
        algorithms: ["EdDSA"],
        typ: "at+jwt",
        issuer: ISSUER,
        audience: AUDIENCE,
        requiredClaims: ["sub", "sid", "role", "iat", "exp"],
        clockTolerance: LEEWAY_SECONDS,
        currentDate: new Date(nowMs),
      },
    );
    return payload;
  } catch (error) {
    if (!(error instanceof JOSEError)) throw error;
    throw new InvalidToken(`The token was refused: ${error.code}.`, { cause: error });
  }
}

function verifiedFrom({ sub, exp, ...claims }: JWTPayload): Verified {
  const role = roles.find((one) => one === claims["role"]);
  if (sub === undefined || sub === "" || exp === undefined || role === undefined) {
    throw new InvalidToken("The token names no user with a role.");
  }
  const identity: Identity = Object.freeze({ kind: "user", userId: sub, role });
  return { identity, endsAtMs: (exp + LEEWAY_SECONDS) * 1_000 };
}

const roles: readonly Role[] = ["customer", "staff", "admin"];

interface Fetched {
  readonly byId: ReadonlyMap<string, CryptoKey>;
  readonly atMs: number;
}

function keyCache({
  tokenKeys,
  now,
  onWithdrawn,
}: {
  readonly tokenKeys: () => Promise<TokenKeys>;
  readonly now: () => number;
  readonly onWithdrawn: () => void;
}): KeyById {
  let fetched: Fetched | undefined;
  let fetching: Promise<Fetched> | undefined;
  let last: { readonly triedAtMs: number; readonly failure?: unknown } | undefined;

  async function fetch(): Promise<Fetched> {
    const { keys } = await tokenKeys();
    const byId = new Map<string, CryptoKey>();
    for (const { kid, ...jwk } of keys) {
      // A key that does not fit its id was damaged where it is kept, and proves nothing.
      if ((await calculateJwkThumbprint(jwk)) === kid) byId.set(kid, await publicKey(jwk));
    }
    const isWithdrawn = [...(fetched?.byId.keys() ?? [])].some((kid) => !byId.has(kid));
    if (isWithdrawn) onWithdrawn();
    return { byId, atMs: now() };
  }

  /** Calls that come while keys are fetched share the answer. */
  async function fetchOnce(): Promise<Fetched> {
    const triedAtMs = now();
    fetching ??= fetch();
    try {
      fetched = await fetching;
      last = { triedAtMs };
      return fetched;
    } catch (failure) {
      last = { triedAtMs, failure };
      throw failure;
    } finally {
      fetching = undefined;
    }
  }

  /** Without end when the clock was put back, so that nothing is waited for twice. */
  function elapsedMs(sinceMs: number | undefined): number {
    const elapsed = sinceMs === undefined ? -1 : now() - sinceMs;
    return elapsed < 0 ? Number.POSITIVE_INFINITY : elapsed;
  }

  return async function keyById(kid) {
    const known = fetched?.byId.get(kid);
    const ageMs = elapsedMs(fetched?.atMs);
    if (known !== undefined && ageMs < KEYS_FRESH_MS) return known;
    try {
      if (fetching !== undefined || elapsedMs(last?.triedAtMs) >= FETCH_PAUSE_MS) {
        return (await fetchOnce()).byId.get(kid);
      }
      if (last?.failure !== undefined) throw last.failure;
      return fetched?.byId.get(kid);
    } catch (failure) {
      if (known !== undefined && ageMs < KEYS_STALE_MAX_MS) return known;
      throw failure;
    }
  };
}

async function publicKey(jwk: { kty: string; crv: string; x: string }): Promise<CryptoKey> {
  const key = await importJWK(jwk, "EdDSA");
  if (key instanceof Uint8Array) throw new TypeError("A token key is a secret, not a public key.");
  return key;
}
