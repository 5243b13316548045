import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { type Authenticator, nkeyAuthenticator, nkeys } from "@nats-io/transport-node";
import { writeDurably } from "../../store/durable-file.ts";

/** A user's seeds: the one in use, and, during a rotation, the one to come. */
type Age = "current" | "next";

/** Makes the key of each user that has none. Nobody but this system user can read the files. */
export function makeKeys(folder: string, users: Iterable<string>): void {
  const keys = keysFolder(folder);
  mkdirSync(keys, { recursive: true, mode: 0o700 });
  chmodSync(keys, 0o700);
  for (const user of users) {
    if (!existsSync(seedPath(folder, user, "current"))) writeSeed(folder, user, "current");
  }
}

/** The public keys that a user may show; there is more than one only during a rotation. */
export function publicKeys(folder: string, user: string): string[] {
  return (["current", "next"] as const).flatMap((age) => {
    const path = seedPath(folder, user, age);
    return existsSync(path) ? [nkeys.fromSeed(readSeed(path)).getPublicKey()] : [];
  });
}

/**
 * Proves to a server that a connection is a user's. The seed is read anew at each attempt to
 * connect, so that a key can be changed under a running process; while the file cannot be read, the
 * last one goes on being used.
 *
 * Give it to `connect` with `ignoreAuthErrorAbort`: else a client whose key came too early or too
 * late closes for good.
 */
export function authenticatorOf(folder: string, user: string): Authenticator {
  const path = seedPath(folder, user, "current");
  let last = readSeed(path);
  return nkeyAuthenticator(() => {
    try {
      last = readSeed(path);
    } catch {
      // Somebody is replacing the file; the server decides whether the last seed still counts.
    }
    return last;
  });
}

/** Proves that a connection is a user's by one certain key, whatever becomes of its file. */
export function fixedAuthenticatorOf(folder: string, user: string, age: Age): Authenticator {
  return nkeyAuthenticator(readSeed(seedPath(folder, user, age)));
}

/** Makes the key that is to follow the current one. */
export function makeNextKey(folder: string, user: string): void {
  writeSeed(folder, user, "next");
}

/** Puts the next key in the place of the current one, at once. */
export function adoptNextKey(folder: string, user: string): void {
  renameSync(seedPath(folder, user, "next"), seedPath(folder, user, "current"));
}

function keysFolder(folder: string): string {
  return `${folder}/nats/keys`;
}

function seedPath(folder: string, user: string, age: Age): string {
  return `${keysFolder(folder)}/${user}${age === "current" ? "" : `.${age}`}.seed`;
}

/** No reader meets half a seed, whatever happens. */
function writeSeed(folder: string, user: string, age: Age): void {
  const path = seedPath(folder, user, age);
  const seed = new TextDecoder().decode(nkeys.createUser().getSeed());
  writeDurably(path, `${seed}\n`);
}

/** Throws when the file is missing, or holds no seed. */
function readSeed(path: string): Uint8Array {
  const seed = new TextEncoder().encode(readFileSync(path, "utf8").trim());
  nkeys.fromSeed(seed);
  return seed;
}
