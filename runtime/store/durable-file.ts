import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { storeFailure } from "./file-failure.ts";
import { StoreError } from "./store-error.ts";

/** Equal bytes in a row that no random key has: the chance is below 1 in 2^50. */
const EQUAL_BYTES_MAX = 7;

/**
 * Writes a small file, all or nothing: after a crash, a power cut or an error, `path` holds either
 * what it held before or the whole of `content`, and once this returns it is on the disk.
 *
 * The content goes to a temporary file beside it, which is synced and renamed; then the folder is
 * synced. The folder must exist, and one process at a time writes the file. Throws the system's
 * error, such as ENOSPC; then no temporary file is left.
 */
export function writeDurably(
  path: string,
  content: string | Uint8Array,
  { mode = 0o600 }: { readonly mode?: number } = {},
): void {
  stage(path, { content, mode }, (temporary) => renameSync(temporary, path));
}

/** How the file of a secret key is made, and checked whenever it is read. */
export interface KeyFile {
  /** The content of a new file. */
  make(): string | Uint8Array;
  /** What is wrong with a content, as in "holds 0 bytes, not 32"; undefined when nothing is. */
  fault(content: Buffer): string | undefined;
  /** What is lost with the file, as in "carts that were begun can no longer be opened". */
  readonly loss: string;
}

/**
 * Returns the content of a key file, and first makes the file if it is missing, durably and for its
 * owner's eyes. Of several processes that make it at once, all get the same content.
 *
 * Throws a StoreError when the file cannot be read or is not a key any more, as after a disk error.
 */
export function readOrCreateKey(path: string, about: KeyFile): Buffer {
  const content = readIfThere(path);
  if (content !== undefined) return checkKey(path, content, about);
  stage(path, { content: about.make(), mode: 0o600 }, (temporary) => publish(temporary, path));
  return readKey(path, about);
}

/** Returns the content of a key file. Throws a StoreError when it is missing or no key any more. */
export function readKey(path: string, about: Omit<KeyFile, "make">): Buffer {
  return checkKey(path, readIfThere(path) ?? Buffer.alloc(0), about);
}

/** Checks what was read from a key file. Throws a StoreError that names the file and the remedy. */
function checkKey(path: string, content: Buffer, { fault, loss }: Omit<KeyFile, "make">): Buffer {
  const found = fault(content);
  if (found === undefined) return content;
  throw new StoreError(
    `The key file ${path} ${found}. Restore it from a backup, or remove it to have a new one ` +
      `made: then ${loss}.`,
  );
}

/** What is wrong with the bytes of a random key; undefined when nothing is. */
export function keyFault(key: Uint8Array, length: number): string | undefined {
  if (key.length !== length) return `holds ${key.length} bytes, not ${length}`;
  let equal = 0;
  for (let at = 1; at < key.length; at++) {
    equal = key[at] === key[at - 1] ? equal + 1 : 0;
    if (equal >= EQUAL_BYTES_MAX)
      return "holds the same byte many times over, as a damaged disk does";
  }
  return undefined;
}

/** Writes a temporary file durably, has it put in its place, and makes the folder durable. */
function stage(
  path: string,
  { content, mode }: { readonly content: string | Uint8Array; readonly mode: number },
  place: (temporary: string) => void,
): void {
  const temporary = `${path}.${process.pid}.part`;
  try {
    rmSync(temporary, { force: true });
    const file = openSync(temporary, "wx", mode);
    try {
      writeFileSync(file, content);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    place(temporary);
  } finally {
    rmSync(temporary, { force: true });
  }
  syncFolder(dirname(path));
}

/** Gives the file its name unless another process was first. */
function publish(temporary: string, path: string): void {
  try {
    linkSync(temporary, path);
  } catch (error) {
    if (codeOf(error) === "EEXIST") return;
    // A file system without hard links.
    renameSync(temporary, path);
  }
}

/** Makes durable which files a folder holds, and under which names. */
export function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } catch (error) {
    // A file system whose folders cannot be synced, such as some that are reached over a network.
    if (codeOf(error) !== "EINVAL") throw error;
  } finally {
    closeSync(folder);
  }
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return undefined;
    const failure = storeFailure(cause, path);
    if (failure !== undefined) throw failure;
    throw new StoreError(
      `The key file ${path} cannot be read: ${String(cause)}. Give this user the right to read ` +
        `it, or restore it from a backup.`,
      { cause },
    );
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
