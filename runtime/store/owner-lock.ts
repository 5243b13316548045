import BetterSqlite3 from "better-sqlite3";
import { storeFailure } from "./file-failure.ts";
import { OwnedError, StoreError } from "./store-error.ts";

/**
 * Takes the one ownership of a module's database, for as long as this process lives.
 *
 * It is an exclusive transaction held open on a tiny database of its own: the operating system
 * drops it when the process dies, however it dies. Returns a function that gives it up.
 */
export function ownerLock(path: string, module: string): () => void {
  let lock: BetterSqlite3.Database | undefined;
  try {
    lock = new BetterSqlite3(path, { timeout: 0 });
    lock.pragma("locking_mode = EXCLUSIVE");
    lock.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    lock?.close();
    const owned = cause instanceof BetterSqlite3.SqliteError && cause.code === "SQLITE_BUSY";
    if (owned) {
      throw new OwnedError(
        `The data of ${module} (${path}) is owned by another process. ` +
          `Stop that process, or start this one with another DATA_DIR.`,
        { cause },
      );
    }
    const failure = storeFailure(cause, path);
    if (failure !== undefined) throw failure;
    throw new StoreError(
      `The ownership of ${module} cannot be taken: ${path} is no lock file that Cleave can ` +
        `write. Look at its permissions and its disk; if it is damaged, delete it.`,
      { cause },
    );
  }
  const held = lock;
  return () => held.close();
}
