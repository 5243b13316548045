import type { Exchange } from "./exchange.ts";
import { HttpProblem } from "./http-problem.ts";

const KEY_LENGTH_MAX = 255;
const visibleAscii = /^[\x21-\x7e]+$/;

/**
 * Reads the `Idempotency-Key` header, quoted as the draft standard has it, or bare.
 *
 * Throws 400 when it is empty, too long, or has characters that do not print.
 */
export function idempotencyKeyOf(request: Request): string | undefined {
  const header = request.headers.get("idempotency-key");
  if (header === null) return undefined;
  const quoted = header.length >= 2 && header.startsWith('"') && header.endsWith('"');
  const key = quoted ? header.slice(1, -1) : header;
  if (key.length <= KEY_LENGTH_MAX && visibleAscii.test(key)) return key;
  throw new HttpProblem(
    { status: 400, code: "idempotency_key_invalid" },
    `The Idempotency-Key must have 1 to ${KEY_LENGTH_MAX} visible ASCII characters and no spaces.`,
  );
}

/**
 * Makes a key that no other sender and no other route can meet: a digest of fixed length.
 *
 * A guest is known by the cart token, and without one by the network address, so that two guests
 * who choose the same key never see each other's answer.
 */
export function scopedKey(key: string, request: Request, exchange: Exchange): string {
  const parts = [actorOf(request, exchange), request.method, exchange.route, key];
  return new Bun.CryptoHasher("sha256").update(JSON.stringify(parts)).digest("base64url");
}

function actorOf(request: Request, exchange: Exchange): string {
  const { identity } = exchange;
  if (identity.kind === "user") return `user ${identity.userId}`;
  const cartToken = request.headers.get("x-cart-token") ?? "";
  return cartToken === "" ? `anonymous at ${exchange.address()}` : `anonymous with ${cartToken}`;
}
