import BetterSqlite3 from "better-sqlite3";
import { drizzle } from "drizzle-orm/better-sqlite3";
import type { Environment } from "../contract/environment.ts";
import { type Connection, connection, type Read, type Sqlite } from "./connection.ts";
import { groupCommit, type Writer } from "./group-commit.ts";
import { type Migration, migrate } from "./migrate.ts";
import { ownerLock } from "./owner-lock.ts";
import { StoreError } from "./store-error.ts";

/** A module's database, open for its owner. */
export interface Database extends Read {
  readonly module: string;
  readonly writer: Writer;
  /** Closes the database and gives up its ownership. What waits in the writer is lost: await `idle` first. */
  close(): void;
}

/** Milliseconds that a statement may wait for another process, asleep in this thread: keep it short. */
const BUSY_TIMEOUT_MS = 200;

/**
 * Opens a module's database as its owner, creating and migrating it as needed.
 *
 * Guarantees: WAL, `synchronous=FULL` (asserted; a WAL database otherwise reopens as NORMAL and may
 * lose the last commits in a power cut), foreign keys on, one owner. Queries read on this same
 * connection: groups are synchronous, so nobody reads between a group's BEGIN and COMMIT.
 *
 * `folder` is null for a database in memory, in tests.
 */
export function openDatabase(options: {
  readonly module: string;
  readonly folder: string | null;
  readonly migrations: { readonly [owner: string]: readonly Migration[] };
  readonly environment: Environment;
}): Database {
  const { module, folder, environment } = options;
  const unlock = folder === null ? () => {} : ownerLock(`${folder}/${module}.lock`, module);
  const sqlite = new BetterSqlite3(folder === null ? ":memory:" : `${folder}/${module}.db`, {
    timeout: BUSY_TIMEOUT_MS,
  });
  try {
    for (const [owner, migrations] of Object.entries(options.migrations)) {
      prepare(sqlite, folder !== null);
      migrate(sqlite, owner, migrations);
    }
  } catch (error) {
    sqlite.close();
    unlock();
    throw error;
  }
  const open: Connection = { drizzle: drizzle(sqlite), sqlite, prepared: [] };
  return {
    [connection]: open,
    module,
    writer: groupCommit(module, sqlite, environment),
    close() {
      sqlite.close();
      unlock();
    },
  };
}

function prepare(sqlite: Sqlite, onDisk: boolean): void {
  sqlite.pragma("journal_mode = WAL");
  sqlite.pragma("synchronous = FULL");
  sqlite.pragma("foreign_keys = ON");
  sqlite.pragma("trusted_schema = OFF");
  sqlite.pragma("cache_size = -16384");
  sqlite.pragma("temp_store = MEMORY");
  const synchronous = sqlite.pragma("synchronous", { simple: true });
  const journal = sqlite.pragma("journal_mode", { simple: true });
  if (synchronous !== 2 || (onDisk && journal !== "wal")) {
    throw new StoreError(
      `${sqlite.name} opened with synchronous=${synchronous} and journal_mode=${journal}; ` +
        `Cleave needs FULL and WAL. Keep the data folder on a local disk.`,
    );
  }
}
