import { chmodSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { basename } from "node:path";
import { type Authenticator, nkeyAuthenticator, nkeys } from "@nats-io/transport-node";
import { type KeyFile, readKey, readOrCreateKey, writeDurably } from "../../store/durable-file.ts";

/** A user's seeds: the one in use, and, during a rotation, the one to come. */
type Age = "current" | "next";

/** Makes the key of each user that has none. Nobody but this system user can read the files. */
export function makeKeys(folder: string, users: Iterable<string>): void {
  const keys = keysFolder(folder);
  mkdirSync(keys, { recursive: true, mode: 0o700 });
  chmodSync(keys, 0o700);
  for (const user of users) {
    const path = seedPath(folder, user, "current");
    readOrCreateKey(path, seedFile(path));
  }
}

/** Throws a StoreError when a key of one of the users is there and is none any more. */
export function assertKeys(folder: string, users: Iterable<string>): void {
  for (const user of users) publicKeys(folder, user);
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
  writeDurably(seedPath(folder, user, "next"), newSeed());
}

/** Reports whether a rotation of a user's key was begun, and is not over. */
export function hasNextKey(folder: string, user: string): boolean {
  return existsSync(seedPath(folder, user, "next"));
}

/** Puts the next key in the place of the current one, at once. */
export function adoptNextKey(folder: string, user: string): void {
  const next = seedPath(folder, user, "next");
  writeDurably(seedPath(folder, user, "current"), readSeed(next));
  rmSync(next);
}

function keysFolder(folder: string): string {
  return `${folder}/nats/keys`;
}

function seedPath(folder: string, user: string, age: Age): string {
  return `${keysFolder(folder)}/${user}${age === "current" ? "" : `.${age}`}.seed`;
}

function newSeed(): string {
  return `${new TextDecoder().decode(nkeys.createUser().getSeed())}\n`;
}

/** Throws a StoreError when the file is missing, cannot be read, or holds no seed. */
function readSeed(path: string): Uint8Array {
  return seedIn(readKey(path, seedFile(path)));
}

function seedFile(path: string): KeyFile {
  return {
    make: newSeed,
    fault: (content) => (isSeed(seedIn(content)) ? undefined : "holds no seed of a NATS user"),
    loss: `a nats-server of your own must be given the new config for ${basename(path)}`,
  };
}

function seedIn(content: Buffer): Uint8Array {
  return new TextEncoder().encode(content.toString().trim());
}

/** A seed has a checksum, so one that is cut or zeroed is none. */
function isSeed(seed: Uint8Array): boolean {
  try {
    nkeys.fromSeed(seed);
    return true;
  } catch {
    return false;
  }
}
