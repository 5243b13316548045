import BetterSqlite3 from "better-sqlite3";
import type { Sqlite } from "../store/connection.ts";
import type { Disk } from "../store/disk.ts";
import { OwnedError } from "../store/store-error.ts";
import type { Process } from "./process.ts";
import type { World } from "./world.ts";

/** How long a slow commit holds its process up, in milliseconds. */
const SLOW_MS = [50, 2_000] as const;

/** What databases hold, by their names, as bytes that one can be made from. */
export type Images = ReadonlyMap<string, Uint8Array>;

/**
 * The disk under all processes: real SQLite in memory, which outlives a process that is gone with
 * exactly what that had committed.
 */
export class SimulatedDisk {
  readonly #world: World;
  readonly #files = new Map<string, File>();
  readonly #locks = new Map<string, Process>();

  constructor(world: World, images: Images) {
    this.#world = world;
    for (const [name, image] of images) {
      this.#files.set(name, { sqlite: new BetterSqlite3(Buffer.from(image)), commits: 0 });
    }
  }

  /** The disk as one process sees it. */
  of(process: Process): Disk {
    return {
      exists: (path) => this.#files.has(nameOf(path)),
      open: (path, about) => this.#open(path, { process, readonly: about?.readonly === true }),
      lock: (path, module) => this.#lock(path, { process, module }),
    };
  }

  /** What lies on it now. */
  images(): Images {
    return new Map([...this.#files].map(([name, { sqlite }]) => [name, sqlite.serialize()]));
  }

  /** The database of a module, to be looked at from outside of all processes. */
  databaseOf(module: string): Sqlite | undefined {
    return this.#files.get(`${module}.db`)?.sqlite;
  }

  close(): void {
    for (const { sqlite } of this.#files.values()) sqlite.close();
  }

  #open(path: string, by: { readonly process: Process; readonly readonly: boolean }): Sqlite {
    const name = nameOf(path);
    let file = this.#files.get(name);
    if (file === undefined) {
      if (by.readonly) throw new BetterSqlite3.SqliteError("no such file", "SQLITE_CANTOPEN");
      file = { sqlite: new BetterSqlite3(":memory:"), commits: 0 };
      this.#files.set(name, file);
    }
    return seenBy(by.process, { file, name, world: this.#world });
  }

  #lock(path: string, by: { readonly process: Process; readonly module: string }): () => void {
    const { process, module } = by;
    const owner = this.#locks.get(path);
    if (owner !== undefined && !owner.isGone) {
      throw new OwnedError(`The data of ${module} is owned by ${owner.name}.`);
    }
    this.#locks.set(path, process);
    return () => {
      if (this.#locks.get(path) === process) this.#locks.delete(path);
    };
  }
}

/** The name of a file, wherever it lies: runs differ in nothing but their seeds. */
function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

interface File {
  readonly sqlite: Sqlite;
  commits: number;
}

/**
 * A connection of one process to a database: all connections are one, since only one process writes
 * and none is interrupted within a transaction. It commits nothing for a process that is gone.
 */
function seenBy(
  process: Process,
  on: { readonly file: File; readonly name: string; readonly world: World },
): Sqlite {
  const { file, name: about, world } = on;
  const { sqlite } = file;
  const special: { readonly [sql: string]: () => object } = {
    "BEGIN IMMEDIATE": () => begun(sqlite, { process, about, world }),
    COMMIT: () => committed(file, { process, about, world }),
    "PRAGMA data_version": () => ({ pluck: () => ({ get: () => file.commits }) }),
  };
  const seen: Sqlite = Object.create(sqlite);
  return Object.assign(seen, {
    prepare: (sql: string) => special[sql]?.() ?? sqlite.prepare(sql),
    pragma: (sql: string, options?: { simple?: boolean }) =>
      sql.startsWith("journal_mode") ? "wal" : sqlite.pragma(sql, options),
    close: () => seen,
  });
}

interface At {
  readonly process: Process;
  readonly about: string;
  readonly world: World;
}

function begun(sqlite: Sqlite, { process, about, world }: At) {
  const begin = sqlite.prepare("BEGIN IMMEDIATE");
  return {
    run() {
      if (process.isGone) throw new BetterSqlite3.SqliteError("gone", "SQLITE_IOERR");
      if (world.faults.happens("disk-busy", about)) {
        throw new BetterSqlite3.SqliteError("database is locked", "SQLITE_BUSY");
      }
      return begin.run();
    },
  };
}

function committed(file: File, { process, about, world }: At) {
  const { sqlite } = file;
  const commit = sqlite.prepare("COMMIT");
  const fail = (message: string, code: string): never => {
    if (sqlite.inTransaction) sqlite.exec("ROLLBACK");
    throw new BetterSqlite3.SqliteError(message, code);
  };
  return {
    run() {
      if (process.isGone) return fail("gone", "SQLITE_IOERR");
      if (world.faults.happens("disk-full", about)) {
        return fail("database or disk is full", "SQLITE_FULL");
      }
      const done = commit.run();
      file.commits += 1;
      world.note(process.name, "commit", about);
      if (world.faults.happens("commit-unknown", about)) {
        return fail("disk I/O error", "SQLITE_IOERR_FSYNC");
      }
      if (world.faults.happens("disk-slow", about)) process.stop(world.faults.amount(...SLOW_MS));
      return done;
    },
  };
}
