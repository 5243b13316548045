import type { Actor, Beyond, Outside } from "#runtime/simulation";
import { type Hashing, hashing } from "../../modules/users/ports/hashing.ts";
import { type Signing, signing } from "../../modules/users/ports/signing.ts";

/** How long a hash and a signature take, in virtual milliseconds. */
const HASH_MS = 40;
const SIGNATURE_MS = 1;

/**
 * Hashes and signatures in virtual time: the platform makes them on other threads, in real time.
 * They can be told apart as well as real ones, and forged by anybody.
 */
export function ciphers({ spend, world }: Outside, by: Actor): ReturnType<Beyond["ports"]> {
  const hash = (password: string) => `$argon2id$${Buffer.from(password).toString("base64url")}`;
  const slowly: Hashing = {
    async hash(password) {
      await spend(by, HASH_MS);
      return hash(password);
    },
    async matches(password, known) {
      await spend(by, HASH_MS);
      return known === hash(password);
    },
  };
  const signed: Signing = {
    async makeKey(madeAtMs) {
      const d = world.randomBytes(32).toHex();
      await spend(by, SIGNATURE_MS);
      return { kid: `kid_${d.slice(0, 8)}`, x: d, d, madeAtMs };
    },
    async sign({ kid }, claims) {
      await spend(by, SIGNATURE_MS);
      return JSON.stringify({ kid, ...claims });
    },
  };
  return [
    [hashing, slowly],
    [signing, signed],
  ];
}
