import type BetterSqlite3 from "better-sqlite3";
import type { BetterSQLite3Database } from "drizzle-orm/better-sqlite3";

/** The Drizzle view of one open database; statements are built from it, once. */
export type Drizzle = BetterSQLite3Database<Record<string, never>>;

/** The driver's own view of one open database, for the kernel's tables. */
export type Sqlite = BetterSqlite3.Database;

/** The key of the connection behind a `Read` or a `Write`. */
export const connection: unique symbol = Symbol("connection");
declare const writable: unique symbol;

/** One open database and the statements prepared on it. */
export interface Connection {
  readonly drizzle: Drizzle;
  readonly sqlite: Sqlite;
  readonly prepared: unknown[];
  /** Grows with each commit that is tried, and each time that it is handed out. */
  commits: number;
  /** Where another process writes: a number that changes with each of its commits. */
  readonly version?: () => number;
}

/** Leave to read a module's database. Passed to the functions of its store. */
export interface Read {
  readonly [connection]: Connection;
}

/** Leave to write a module's database, inside one transaction. */
export interface Write extends Read {
  readonly [writable]?: never;
}

/**
 * A number that changes whenever this database is written. What was read at one number is still
 * true at the same number, so it may be remembered by it.
 */
export function commitsOf(on: Read): number {
  const { commits, version } = on[connection];
  return version === undefined ? commits : version();
}

let sets = 0;

/**
 * Declares statements that read, to be prepared once on each database they are used on.
 *
 * `build` gets a Drizzle database and returns an object of prepared queries; the result is a
 * function from a `Read` to those queries.
 */
export function reads<Set>(build: (db: Drizzle) => Set): (on: Read) => Set {
  return preparedOnce((on) => build(on.drizzle));
}

/** Declares statements that write; like `reads`, but they can only be had within a transaction. */
export function writes<Set>(build: (db: Drizzle) => Set): (tx: Write) => Set {
  return preparedOnce((on) => build(on.drizzle));
}

/** Declares statements on the kernel's own tables, with the driver itself. */
export function kernelStatements<Set>(build: (sqlite: Sqlite) => Set): (on: Read) => Set {
  return preparedOnce((on) => build(on.sqlite));
}

function preparedOnce<Set>(build: (on: Connection) => Set): (on: Read) => Set {
  const slot = sets++;
  return (on) => {
    const open = on[connection];
    const known = open.prepared[slot];
    if (known !== undefined) return known as Set;
    const made = build(open);
    open.prepared[slot] = made;
    return made;
  };
}
