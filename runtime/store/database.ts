import BetterSqlite3 from "better-sqlite3";
import { drizzle } from "drizzle-orm/better-sqlite3";
import type { Environment } from "../contract/environment.ts";
import {
  type Connection,
  connection,
  prepareStatements,
  type Read,
  type Schema,
  type Sqlite,
} from "./connection.ts";
import { type Disk, realDisk } from "./disk.ts";
import { storeFailure } from "./file-failure.ts";
import { groupCommit, type Writer } from "./group-commit.ts";
import { assertKnown, assertUpToDate, type Migrations, migrate } from "./migrate.ts";
import { assertSchema } from "./schema-check.ts";
import { withStablePlans } from "./stable-plans.ts";
import { StoreError } from "./store-error.ts";

/** Copies of one database, made before migrations, that are kept at most. */
const COPIES_MAX = 3;

/** A module's database, open for its owner. */
export interface Database extends Read {
  readonly module: string;
  readonly writer: Writer;
  /** Closes the database. What waits in the writer is lost: await its `idle` first. */
  close(): void;
}

/** Where a module's database is, and how it is brought up to date. */
export interface DatabaseOptions {
  readonly module: string;
  /** The data folder. */
  readonly folder: string;
  readonly migrations: Migrations;
  /** The module's tables. Without them neither these nor statements are looked at. */
  readonly schema?: Schema | undefined;
  readonly environment: Environment;
  /** What the folder lies on; the files of this machine when not given. */
  readonly disk?: Disk | undefined;
}

/**
 * Takes the ownership of a module's database and looks whether it can be opened, changing nothing.
 *
 * Throws a StoreError when another process owns it, when it is of a newer version, or damaged.
 * Returns a function that gives the ownership up.
 */
export function claimDatabase(options: DatabaseOptions): () => void {
  const { module, folder, migrations, disk = realDisk } = options;
  const release = disk.lock(`${folder}/${module}.lock`, module);
  const path = `${folder}/${module}.db`;
  if (!disk.exists(path)) return release;
  try {
    const sqlite = disk.open(path, { readonly: true });
    try {
      assertKnown(sqlite, migrations);
    } finally {
      sqlite.close();
    }
  } catch (error) {
    release();
    throw error instanceof BetterSqlite3.SqliteError ? unreadable(path, error, disk) : error;
  }
  return release;
}

/** Says why a database cannot be used. What is simulated lies at no path of this machine. */
function unreadable(path: string, cause: Error, disk: Disk): StoreError {
  const failure = storeFailure(cause, disk === realDisk ? path : undefined);
  if (failure !== undefined) return failure;
  return new StoreError(
    `${path} cannot be read (${cause.message}). If it is damaged, put a copy of the data in its ` +
      `place; if another program works on it, stop that program.`,
    { cause },
  );
}

/**
 * Opens a claimed database, creating and migrating it as needed, and prepares all statements.
 *
 * Throws a StoreError when the database then differs from the module's schema, or cannot prepare a
 * statement.
 *
 * Guarantees: WAL, `synchronous=FULL` (asserted; a WAL database otherwise reopens as NORMAL and may
 * lose the last commits in a power cut), foreign keys on. Queries read on this same connection:
 * groups are synchronous, so nobody reads between a group's BEGIN and COMMIT.
 */
export function openDatabase(options: DatabaseOptions): Database {
  const { module, folder, environment, disk = realDisk } = options;
  const path = `${folder}/${module}.db`;
  let opened: Sqlite | undefined;
  try {
    const before = disk.open(path);
    opened = before;
    prepare(before);
    const copy = (migration: string) => copyBefore(migration, { path, sqlite: before, disk });
    const change = migrate(before, options.migrations, copy);
    const sqlite = change === "rebuilt" ? openedAnew(before, path, disk) : before;
    opened = sqlite;
    const open = checked(sqlite, options.schema, { isChanged: change !== "current" });
    // Before any statement is prepared: it guards those that are prepared after it is made.
    const writer = groupCommit(module, open, environment);
    prepareStatements(open, { writes: true });
    return { [connection]: open, module, writer, close: () => void sqlite.close() };
  } catch (error) {
    opened?.close();
    throw error instanceof BetterSqlite3.SqliteError ? unreadable(path, error, disk) : error;
  }
}

function openedAnew(before: Sqlite, path: string, disk: Disk): Sqlite {
  before.close();
  const sqlite = disk.open(path);
  prepare(sqlite);
  return sqlite;
}

/** Copies a database as it was before a migration that may drop or rebuild a table. */
function copyBefore(
  migration: string,
  { path, sqlite, disk }: { path: string; sqlite: Sqlite; disk: Disk },
): void {
  const prefix = `${path}.before-`;
  const copy = `${prefix}${migration.replace(/[^\w.-]/g, "_")}`;
  try {
    disk.copy(sqlite, { path: copy, prefix, copiesMax: COPIES_MAX });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StoreError(
      `${path} cannot be copied to ${copy} (${why}), which is done before the migration ` +
        `${migration} because that may drop or rebuild a table. Nothing was changed. Make room ` +
        "for the copy in the data folder, and see that this user can write there.",
      { cause },
    );
  }
}

/** A module's database, open beside its owner, to be read only. */
export interface ReadDatabase extends Read {
  readonly module: string;
  close(): void;
}

/**
 * Opens a database that another process owns. What that one has committed is seen at once.
 *
 * Throws a StoreError when it is not there, or not of the version that is known here.
 */
export function openForReading(options: DatabaseOptions): ReadDatabase {
  const { module, folder, migrations, disk = realDisk } = options;
  const path = `${folder}/${module}.db`;
  if (!disk.exists(path)) throw new StoreError(`There is no database ${path} yet.`);
  let opened: Sqlite | undefined;
  try {
    const sqlite = disk.open(path, { readonly: true });
    opened = sqlite;
    assertUpToDate(sqlite, migrations);
    const open = checked(sqlite, options.schema, { isChanged: false });
    prepareStatements(open, { writes: false });
    const changes = sqlite.prepare<[], number>("PRAGMA data_version").pluck();
    return {
      [connection]: { ...open, version: () => changes.get() ?? 0 },
      module,
      close: () => void sqlite.close(),
    };
  } catch (error) {
    opened?.close();
    throw error instanceof BetterSqlite3.SqliteError ? unreadable(path, error, disk) : error;
  }
}

const known = new WeakMap<Sqlite, Connection>();

/**
 * The connection of an open database, once that is as its schema says. A disk may hand out again
 * what was open before: what was prepared on it stays so, and what was remembered by the number of
 * its commits is old.
 */
function checked(
  sqlite: Sqlite,
  schema: Schema | undefined,
  { isChanged }: { readonly isChanged: boolean },
): Connection {
  const before = known.get(sqlite);
  const isKnown = before !== undefined && before.schema === schema && !isChanged;
  if (schema !== undefined && !isKnown) assertSchema(sqlite, schema);
  if (before !== undefined) {
    before.commits += 1;
    before.schema = schema;
    return before;
  }
  const views = { drizzle: drizzle(sqlite), stable: withStablePlans(sqlite) };
  const made = { ...views, sqlite, prepared: [], schema, commits: 0 };
  known.set(sqlite, made);
  return made;
}

function prepare(sqlite: Sqlite): void {
  sqlite.pragma("journal_mode = WAL");
  sqlite.pragma("synchronous = FULL");
  sqlite.pragma("foreign_keys = ON");
  sqlite.pragma("trusted_schema = OFF");
  // What is deleted or replaced is overwritten in its page, as far as that writes no further page.
  sqlite.pragma("secure_delete = FAST");
  sqlite.pragma("cache_size = -16384");
  sqlite.pragma("temp_store = MEMORY");
  const synchronous = sqlite.pragma("synchronous", { simple: true });
  const journal = sqlite.pragma("journal_mode", { simple: true });
  if (synchronous !== 2 || journal !== "wal") {
    throw new StoreError(
      `${sqlite.name} opened with synchronous=${synchronous} and journal_mode=${journal}; ` +
        `Cleave needs FULL and WAL. Keep the data folder on a local disk.`,
    );
  }
}
