import type { BetterSQLite3Database } from "drizzle-orm/better-sqlite3";

/** The Drizzle view of one open database; statements are built from it, once. */
export type Drizzle = BetterSQLite3Database<Record<string, never>>;

/** The key of the connection behind a `Read` or a `Write`. */
export const connection: unique symbol = Symbol("connection");
declare const writable: unique symbol;

/** Leave to read a module's database. Passed to the functions of its store. */
export interface Read {
  readonly [connection]: Connection;
}

/** Leave to write a module's database, inside one transaction. */
export interface Write extends Read {
  readonly [writable]: true;
}

/** One open database: its Drizzle view and the statements prepared on it. */
export interface Connection {
  readonly drizzle: Drizzle;
  readonly prepared: unknown[];
}

let sets = 0;

/**
 * Declares statements that read, to be prepared once on each database they are used on.
 *
 * `build` gets a Drizzle database and returns an object of prepared queries; the result is a function
 * from a `Read` to those queries.
 */
export function reads<Set>(build: (db: Drizzle) => Set): (on: Read) => Set {
  return preparedOnce(build);
}

/** Declares statements that write; like `reads`, but they can only be had within a transaction. */
export function writes<Set>(build: (db: Drizzle) => Set): (tx: Write) => Set {
  return preparedOnce(build);
}

function preparedOnce<Set>(build: (db: Drizzle) => Set): (on: Read) => Set {
  const slot = sets++;
  return (on) => {
    const { drizzle, prepared } = on[connection];
    const known = prepared[slot];
    if (known !== undefined) return known as Set;
    const made = build(drizzle);
    prepared[slot] = made;
    return made;
  };
}
