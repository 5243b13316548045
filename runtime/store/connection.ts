import type BetterSqlite3 from "better-sqlite3";
import type { BetterSQLite3Database } from "drizzle-orm/better-sqlite3";
import { ContractError } from "../contract/errors.ts";
import { StoreError } from "./store-error.ts";

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
  /** The view whose statements keep their plans. */
  readonly stable: Drizzle;
  readonly sqlite: Sqlite;
  readonly prepared: unknown[];
  /** The tables of the module whose it is; undefined for one that is of no module. */
  schema: Schema | undefined;
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

/**
 * The Drizzle tables of a module, as `import * as schema from "./schema.ts"` gives them; what else
 * is among them does no harm.
 */
export type Schema = Readonly<Record<string, unknown>>;

/** How the statements of a set are prepared. */
export interface SetOptions {
  /**
   * Has each statement planned once, whatever values are bound later: a hot one with a range, a
   * join, a LIMIT or part of a key is otherwise planned anew for each, at 5 to 18 µs. Parameters
   * are then written as `likely(?)`, so a `LIKE` or `GLOB` on one uses no index. Statements with
   * a window frame are refused.
   */
  readonly stablePlans?: boolean;
}

type Build<Set> = (db: Drizzle) => Set;
type Declared<Set> =
  | readonly [schema: Schema, build: Build<Set>]
  | readonly [schema: Schema, options: SetOptions, build: Build<Set>];

interface StatementSet {
  readonly slot: number;
  readonly writes: boolean;
  readonly build: (on: Connection) => unknown;
}

const setsOf = new WeakMap<Schema, StatementSet[]>();
const kernelSets: StatementSet[] = [];
let slots = 0;

/**
 * Declares statements that read a module's tables, to be prepared once on each of its databases,
 * when that is opened: a start is refused when one of them cannot be.
 *
 * `schema` is what the module gives as its `schema`. `build` gets a Drizzle database and returns an
 * object of prepared queries; the result is a function from a `Read` to those queries. They run as
 * they are written, unless `options` say otherwise.
 */
export function reads<Set>(schema: Schema, build: Build<Set>): (on: Read) => Set;
export function reads<Set>(
  schema: Schema,
  options: SetOptions,
  build: Build<Set>,
): (on: Read) => Set;
export function reads<Set>(...declared: Declared<Set>): (on: Read) => Set {
  return moduleSet(declared, { writes: false });
}

/** Declares statements that write; like `reads`, but they can only be had within a transaction. */
export function writes<Set>(schema: Schema, build: Build<Set>): (tx: Write) => Set;
export function writes<Set>(
  schema: Schema,
  options: SetOptions,
  build: Build<Set>,
): (tx: Write) => Set;
export function writes<Set>(...declared: Declared<Set>): (tx: Write) => Set {
  return moduleSet(declared, { writes: true });
}

/** Declares statements on the kernel's own tables, with the driver itself. */
export function kernelStatements<Set>(build: (sqlite: Sqlite) => Set): (on: Read) => Set {
  const set = { slot: slots++, writes: false, build: (on: Connection) => build(on.sqlite) };
  kernelSets.push(set);
  // A slot is filled by the build of its own set.
  return (on) => preparedOn(on[connection], set) as Set;
}

function moduleSet<Set>(
  [schema, ...rest]: Declared<Set>,
  { writes }: { readonly writes: boolean },
): (on: Read) => Set {
  const [{ stablePlans = false }, make] = rest.length === 1 ? [{}, rest[0]] : rest;
  const build = ({ stable, drizzle }: Connection) => make(stablePlans ? stable : drizzle);
  const set = { slot: slots++, writes, build };
  const sets = setsOf.get(schema) ?? [];
  setsOf.set(schema, sets);
  sets.push(set);
  return (on) => {
    const open = on[connection];
    const known = open.prepared[set.slot];
    // A slot is filled by the build of its own set.
    if (known !== undefined) return known as Set;
    if (open.schema !== schema) throw new ContractError(strange(open));
    // It is built by this set.
    return preparedOn(open, set) as Set;
  };
}

function strange({ sqlite }: Connection): string {
  return (
    `A set of statements was used on ${sqlite.name}, whose module has another schema. ` +
    'Give `reads` and `writes` the same object as "schema" in module.ts.'
  );
}

function preparedOn(open: Connection, { slot, build }: StatementSet): unknown {
  const known = open.prepared[slot];
  if (known !== undefined) return known;
  const made = build(open);
  open.prepared[slot] = made;
  return made;
}

/** By the kernel's tables: how many of its sets were prepared on a database that has these. */
const provenOn = new Map<string, number>();

/** The kernel's tables, with their indexes and triggers, as SQL. */
function kernelTablesOf(sqlite: Sqlite): string {
  const found = sqlite.prepare<[], string>(
    "SELECT sql FROM sqlite_schema WHERE tbl_name GLOB 'cleave_*' ORDER BY type, name",
  );
  return found.pluck().all().join(";");
}

/**
 * Prepares the kernel's statements and those of the database's schema, so that no call meets one
 * that SQLite refuses. What only reads leaves out those that write, and what this process has
 * prepared on a database with the same kernel's tables is prepared when it is first used.
 *
 * Throws a StoreError that names the statement.
 */
export function prepareStatements(
  open: Connection,
  { writes }: { readonly writes: boolean },
): void {
  const { sqlite, schema } = open;
  if (schema === undefined) return;
  const tables = kernelTablesOf(sqlite);
  const sets = [...kernelSets.slice(provenOn.get(tables)), ...(setsOf.get(schema) ?? [])];
  const { prepare } = sqlite;
  let sql = "";
  // It is called with the text alone here; the overloads differ in the types of results.
  sqlite.prepare = ((text: string) => {
    sql = text;
    return prepare.call(sqlite, text);
  }) as Sqlite["prepare"];
  try {
    for (const set of sets) if (writes || !set.writes) preparedOn(open, set);
    provenOn.set(tables, kernelSets.length);
  } catch (cause) {
    // Drizzle wraps what SQLite says in an error of its own.
    const said = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    const why = said instanceof Error ? said.message : String(said);
    throw new StoreError(
      `A statement of ${sqlite.name} cannot be prepared: ${why}, in "${sql}". ` +
        "Mend the statement, or add the migration that it needs.",
      { cause },
    );
  } finally {
    sqlite.prepare = prepare;
  }
}
