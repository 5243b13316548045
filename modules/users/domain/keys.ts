/** Seconds that an access token is good for. */
export const ACCESS_TOKEN_SECONDS = 600;
/** By how many seconds the clocks of two machines may differ. */
export const LEEWAY_SECONDS = 30;
export const ISSUER = "cleave";
export const AUDIENCE = "shop";

const SIGNS_FOR_MS = 30 * 24 * 60 * 60_000;
const OUTLIVED_BY_MS = (ACCESS_TOKEN_SECONDS + 2 * LEEWAY_SECONDS) * 1_000;

/** When a signing key was made. */
export interface Dated {
  readonly madeAtMs: number;
}

/** Whether the newest key has signed for 30 days, so that another is due. */
export function isWornOut(newest: Dated, nowMs: number): boolean {
  return nowMs - newest.madeAtMs >= SIGNS_FOR_MS;
}

/**
 * The keys that may still have a living token, from all, newest first: the newest, and each older
 * one until the last token that it can have signed has run out.
 */
export function stillTrusted<Key extends Dated>(newestFirst: readonly Key[], nowMs: number): Key[] {
  return newestFirst.filter((_, index) => {
    const successor = newestFirst[index - 1];
    return successor === undefined || nowMs - successor.madeAtMs < OUTLIVED_BY_MS;
  });
}

/** An Ed25519 key that signs access tokens: `x` is its public half, `d` the private one. */
export interface SigningKey extends Dated {
  readonly kid: string;
  readonly x: string;
  readonly d: string;
}

/** A key as everyone may know it, as a JWK. */
export function publicJwk({ kid, x }: SigningKey) {
  return { kid, kty: "OKP", crv: "Ed25519", x };
}
