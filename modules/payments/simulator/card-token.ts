const known = [
  "ok",
  "slow",
  "timeout_before",
  "timeout_after",
  "capture_fails",
  "capture_fails_late",
  "refund_pending",
  "refund_fails",
  "3ds",
  "decline",
] as const;

/** How a card behaves. It is all that the simulator remembers of a card token. */
export type Card = (typeof known)[number] | "unknown";

/** The card of a token such as `tok_ok`. */
export function cardOf(token: string): Card {
  return known.find((card) => token === `tok_${card}`) ?? "unknown";
}

/** Tells tokens apart in what is remembered of a request. */
export function fingerprintOf(token: string): string {
  return new Bun.CryptoHasher("sha256").update(token).digest("base64url");
}
