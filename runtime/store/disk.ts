import { existsSync } from "node:fs";
import BetterSqlite3 from "better-sqlite3";
import type { Sqlite } from "./connection.ts";
import { type Copy, copyDatabase } from "./database-copy.ts";
import { ownerLock } from "./owner-lock.ts";

/**
 * Milliseconds that a statement may wait for another process, asleep in this thread: keep it
 * short.
 */
const BUSY_TIMEOUT_MS = 200;

/** Where databases lie: files, or what stands for them. */
export interface Disk {
  /** Tells whether there is a database at this path. */
  exists(path: string): boolean;
  /** Opens a database; one that is not there is made, unless it is only to be read. */
  open(path: string, about?: { readonly readonly: boolean }): Sqlite;
  /**
   * Writes what an open database holds to another path, whole or not at all, in place of what may
   * lie there. Then removes the oldest copies, but for `copiesMax`.
   */
  copy(sqlite: Sqlite, copy: Copy): void;
  /**
   * Takes the one ownership of a module's database, for as long as this process lives. Throws an
   * OwnedError when another one has it. Returns a function that gives it up.
   */
  lock(path: string, module: string): () => void;
}

/** The files of this machine. */
export const realDisk: Disk = {
  exists: existsSync,
  open: (path, { readonly } = { readonly: false }) =>
    new BetterSqlite3(path, { readonly, timeout: BUSY_TIMEOUT_MS }),
  copy: copyDatabase,
  lock: ownerLock,
};
