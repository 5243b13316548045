import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { port, t, type World } from "#runtime";

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
  const path = join(world.folder(), "token-key");
  try {
    const key = world.randomBytes(keyBytes);
    writeFileSync(path, key, { flag: "wx", mode: 0o600 });
    return key;
  } catch (error) {
    if (!isTaken(error)) throw error;
  }
  const key = readFileSync(path);
  if (key.length === keyBytes) return key;
  throw new Error(
    `${path} should hold ${keyBytes} bytes, but holds ${key.length}. Restore it from a backup, ` +
      `or remove it: then the links in mails that were sent no longer open their orders.`,
  );
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EEXIST";
}
