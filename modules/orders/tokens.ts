import { join } from "node:path";
import { keyFault, port, readOrCreateKey, t, type World } from "#runtime";

const keyBytes = 32;

/**
 * Makes the tokens that open a cart or an order without an account.
 *
 * A token is a keyed hash of the id, 256 bits wide, so it is stored nowhere: not as a hash either.
 * It can be made again for whoever has shown to be the owner, as a repeated command or a later mail
 * needs it.
 */
export interface Tokens {
  tokenOf(kind: "cart" | "order", id: string): string;
}

/** Where the key of the tokens comes from: a file beside the databases, made on the first start. */
export const tokenKey = port("orders.token-key", {
  settings: t.Object({}),
  open: (_settings, world) => tokensWith(keyIn(world)),
});

/** The tokens of one key. */
function tokensWith(key: Uint8Array): Tokens {
  return {
    tokenOf: (kind, id) =>
      new Bun.CryptoHasher("sha256", key).update(`${kind} ${id}`).digest("base64url"),
  };
}

/** Compares in a time that does not depend on how much of the guess is right. */
export function matches(token: string, guess: string | undefined): boolean {
  if (guess === undefined || guess.length !== token.length) return false;
  let difference = 0;
  for (let index = 0; index < token.length; index++) {
    difference |= token.charCodeAt(index) ^ guess.charCodeAt(index);
  }
  return difference === 0;
}

function keyIn(world: World): Uint8Array {
  return readOrCreateKey(join(world.folder(), "token-key"), {
    make: () => world.randomBytes(keyBytes),
    fault: (content) => keyFault(content, keyBytes),
    loss: "carts that were begun, and the links in mails that were sent, no longer open",
  });
}
