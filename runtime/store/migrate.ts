import type { Sqlite } from "./connection.ts";
import { inRebuild, inTransaction } from "./rebuild.ts";
import {
  dropped,
  isAdditive,
  isTransactional,
  type SqlStatement,
  sqlStatements,
} from "./sql-statements.ts";
import { isStorageFailure } from "./storage-failure.ts";
import { StoreError } from "./store-error.ts";
import { TransactionGuard } from "./transaction-guard.ts";

/** SQL that brings a database from one version to the next. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
}

/** The kernel's migrations and a module's own, by owner. */
export interface Migrations {
  readonly [owner: string]: readonly Migration[];
}

interface Applied {
  readonly owner: string;
  readonly position: number;
  readonly name: string;
  readonly fingerprint: string;
}

/** A migration that a database lacks, and its place among those of its owner. */
interface Missing {
  readonly owner: string;
  readonly position: number;
  readonly migration: Migration;
}

/**
 * Throws a StoreError when the database knows a migration that this program does not (it is
 * newer), or one whose SQL differs (it was edited after it was applied). Changes nothing.
 *
 * Returns those that it lacks, in the order in which they are to be applied.
 */
export function assertKnown(sqlite: Sqlite, migrations: Migrations): readonly Missing[] {
  const applied = appliedTo(sqlite);
  return Object.entries(migrations).flatMap(([owner, known]) => {
    const own = applied.filter((one) => one.owner === owner);
    for (const one of own) assertSame(sqlite, one, known[one.position]);
    return known
      .slice(own.length)
      .map((migration, offset) => ({ owner, position: own.length + offset, migration }));
  });
}

function assertSame(sqlite: Sqlite, applied: Applied, known: Migration | undefined): void {
  const { owner, name, fingerprint } = applied;
  if (known === undefined) {
    throw new StoreError(
      `${sqlite.name} is of a newer version: it has the ${owner} migration ${name}, which this ` +
        `program does not know. Start the newer program, or restore an older copy of the data.`,
    );
  }
  if (known.name !== name || fingerprintOf(known) !== fingerprint) {
    throw new StoreError(
      `${sqlite.name} was migrated with another ${owner} migration ${name} than the ` +
        `${known.name} of this program. Migrations are never edited: ` +
        `undo the edit and add a new one.`,
    );
  }
}

/** Throws a StoreError unless the database has all migrations of this program, and no others. */
export function assertUpToDate(sqlite: Sqlite, migrations: Migrations): void {
  const [missing] = assertKnown(sqlite, migrations);
  if (missing === undefined) return;
  throw new StoreError(
    `${sqlite.name} has not been brought to this version yet: it lacks the ${missing.owner} ` +
      `migration ${missing.migration.name}. Its owner does that when it starts.`,
  );
}

/**
 * Applies the migrations that this database lacks, all in one transaction.
 *
 * One that may drop or rebuild a table has `copy` called with its name first, unless the database
 * is new, and runs as `inRebuild` says.
 *
 * Returns "rebuilt" after such a one: what else it has set holds for its connection alone, which is
 * then to be opened anew.
 */
export function migrate(
  sqlite: Sqlite,
  migrations: Migrations,
  copy: (migration: string) => void,
): "current" | "extended" | "rebuilt" {
  const missing = assertKnown(sqlite, migrations);
  if (missing.length === 0) return "current";
  const rebuilding = missing.find((one) => !statementsOf(one).every(isAdditive));
  if (rebuilding === undefined) {
    inTransaction(sqlite, () => apply(sqlite, missing));
    return "extended";
  }
  const isNew = sqlite.prepare("SELECT 1 FROM sqlite_schema").get() === undefined;
  if (!isNew) copy(rebuilding.migration.name);
  const rebuild = {
    what: namesOf(missing),
    dropped: missing.flatMap(statementsOf).flatMap(dropped),
  };
  inRebuild(sqlite, rebuild, () => apply(sqlite, missing));
  return "rebuilt";
}

function statementsOf({ migration }: Missing): SqlStatement[] {
  return sqlStatements(migration.sql);
}

/** What finds the migrations of a database, for a disk that hands it out again. */
const finders = new WeakMap<Sqlite, () => Applied[]>();

function appliedTo(sqlite: Sqlite): Applied[] {
  const known = finders.get(sqlite);
  if (known !== undefined) return known();
  const table = sqlite.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'cleave_migration'");
  if (table.get() === undefined) return [];
  const statement = sqlite.prepare<[], Applied>(
    "SELECT owner, position, name, fingerprint FROM cleave_migration ORDER BY owner, position",
  );
  // A disk may have put it back to when it had no migrations.
  const find = () => (table.get() === undefined ? [] : statement.all());
  finders.set(sqlite, find);
  return find();
}

function execute(sqlite: Sqlite, one: Missing): void {
  try {
    if (statementsOf(one).some(isTransactional)) {
      throw new Error("it begins or ends a transaction, but all migrations are one");
    }
    sqlite.pragma("legacy_alter_table = OFF");
    sqlite.exec(one.migration.sql);
  } catch (cause) {
    if (isStorageFailure(cause)) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw refused(sqlite, one, why, { cause });
  }
}

function refused(
  sqlite: Sqlite,
  { owner, migration }: Missing,
  why: string,
  options?: ErrorOptions,
): StoreError {
  const message =
    `The ${owner} migration ${migration.name} cannot be applied to ${sqlite.name}: ${why}. ` +
    "Nothing was changed. Mend its SQL, or the data that it minds.";
  return new StoreError(message, options);
}

function apply(sqlite: Sqlite, missing: readonly Missing[]): void {
  sqlite.exec(
    `CREATE TABLE IF NOT EXISTS cleave_migration (
       owner TEXT NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL,
       fingerprint TEXT NOT NULL, PRIMARY KEY (owner, position)
     ) STRICT, WITHOUT ROWID`,
  );
  TransactionGuard.of(sqlite).run(() => {
    const record = sqlite.prepare("INSERT INTO cleave_migration VALUES (?, ?, ?, ?)");
    for (const one of missing) {
      const { owner, position, migration } = one;
      execute(sqlite, one);
      record.run(owner, position, migration.name, fingerprintOf(migration));
    }
  });
}

function namesOf(missing: readonly Missing[]): string {
  const names = missing.map(({ owner, migration }) => `${owner} migration ${migration.name}`);
  return `The ${names.join(" and ")}`;
}

const fingerprints = new WeakMap<Migration, string>();

function fingerprintOf(migration: Migration): string {
  const known = fingerprints.get(migration);
  if (known !== undefined) return known;
  const made = new Bun.CryptoHasher("sha256").update(migration.sql).digest("hex");
  fingerprints.set(migration, made);
  return made;
}
