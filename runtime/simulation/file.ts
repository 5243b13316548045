import BetterSqlite3 from "better-sqlite3";
import type { Sqlite } from "../store/connection.ts";
import type { Process } from "./process.ts";
import type { World } from "./world.ts";

/** How long a slow commit holds its process up, in milliseconds. */
const SLOW_MS = [50, 2_000] as const;

/** What databases hold, by their names, as bytes that one can be made from. */
export type Images = ReadonlyMap<string, Uint8Array>;

/** One database on a simulated disk. */
export interface File {
  readonly name: string;
  readonly sqlite: Sqlite;
  /** Statements of those who look from outside, by their SQL. */
  readonly looks: Map<string, BetterSqlite3.Statement>;
  commits: number;
  /** How its owner, and those who read beside it, see it; the process is the one that is there. */
  readonly views: { owner: View | undefined; reader: View | undefined };
}

interface View {
  readonly sqlite: Sqlite;
  by: By;
}

interface By {
  readonly process: Process;
  readonly world: World;
}

/** Makes a database, empty or as it was once. */
export function fileOf(name: string, image?: Uint8Array): File {
  const sqlite = new BetterSqlite3(image === undefined ? ":memory:" : Buffer.from(image));
  const views = { owner: undefined, reader: undefined };
  return { name, sqlite, looks: new Map(), commits: 0, views };
}

/**
 * A connection of a process to a database: all connections are one, since only one process writes
 * and none is interrupted within a transaction. It commits nothing for a process that is gone.
 *
 * A process gets the connection of the one before it, with the statements prepared on it.
 */
export function seen(file: File, by: By & { readonly readonly: boolean }): Sqlite {
  const kind = by.readonly ? "reader" : "owner";
  const known = file.views[kind];
  if (known !== undefined) {
    known.by = by;
    return known.sqlite;
  }
  const { sqlite } = file;
  const own: Sqlite = Object.create(sqlite);
  const view: View = { sqlite: own, by };
  const special: { readonly [sql: string]: () => object } = {
    "BEGIN IMMEDIATE": () => begun(file, view.by),
    COMMIT: () => committed(file, view.by),
    "PRAGMA data_version": () => ({ pluck: () => ({ get: () => file.commits }) }),
  };
  Object.assign(own, {
    prepare: (sql: string) => special[sql]?.() ?? sqlite.prepare(sql),
    pragma: (sql: string, options?: { simple?: boolean }) =>
      sql.startsWith("journal_mode") ? "wal" : sqlite.pragma(sql, options),
    close: () => own,
  });
  file.views[kind] = view;
  return own;
}

function begun({ name, sqlite }: File, { process, world }: By) {
  const statement = sqlite.prepare("BEGIN IMMEDIATE");
  const begin = statement.run.bind(statement);
  return Object.assign(statement, {
    run() {
      if (process.isGone) throw new BetterSqlite3.SqliteError("gone", "SQLITE_IOERR");
      if (world.faults.happens("disk-busy", name)) {
        throw new BetterSqlite3.SqliteError("database is locked", "SQLITE_BUSY");
      }
      return begin();
    },
  });
}

function committed(file: File, { process, world }: By) {
  const { sqlite, name } = file;
  const statement = sqlite.prepare("COMMIT");
  const commit = statement.run.bind(statement);
  const fail = (message: string, code: string): never => {
    if (sqlite.inTransaction) sqlite.exec("ROLLBACK");
    throw new BetterSqlite3.SqliteError(message, code);
  };
  return Object.assign(statement, {
    run() {
      if (process.isGone) return fail("gone", "SQLITE_IOERR");
      if (world.faults.happens("disk-full", name)) {
        return fail("database or disk is full", "SQLITE_FULL");
      }
      const done = commit();
      file.commits += 1;
      world.note(process.name, "commit", name);
      if (world.faults.happens("commit-unknown", name)) {
        return fail("disk I/O error", "SQLITE_IOERR_FSYNC");
      }
      if (world.faults.happens("disk-slow", name)) process.stop(world.faults.amount(...SLOW_MS));
      return done;
    },
  });
}
