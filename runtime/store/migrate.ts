import type { Sqlite } from "./connection.ts";
import { StoreError } from "./store-error.ts";

/** SQL that brings a database from one version to the next. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
}

interface Applied {
  readonly position: number;
  readonly name: string;
  readonly fingerprint: string;
}

/**
 * Throws a StoreError when the database knows a migration that this program does not (it is
 * newer), or one whose SQL differs (it was edited after it was applied). Changes nothing.
 *
 * `owner` keeps the kernel's migrations apart from the module's. Returns how many are applied.
 */
export function assertKnown(
  sqlite: Sqlite,
  owner: string,
  migrations: readonly Migration[],
): number {
  const applied = appliedTo(sqlite, owner);
  for (const { position, name, fingerprint } of applied) {
    const known = migrations[position];
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
  return applied.length;
}

/** Throws a StoreError unless the database has all migrations of this program, and no others. */
export function assertUpToDate(
  sqlite: Sqlite,
  owner: string,
  migrations: readonly Migration[],
): void {
  const missing = migrations[assertKnown(sqlite, owner, migrations)];
  if (missing === undefined) return;
  throw new StoreError(
    `${sqlite.name} has not been brought to this version yet: it lacks the ${owner} migration ` +
      `${missing.name}. Its owner does that when it starts.`,
  );
}

/** Applies the migrations that this database lacks, all in one transaction. */
export function migrate(sqlite: Sqlite, owner: string, migrations: readonly Migration[]): void {
  const applied = assertKnown(sqlite, owner, migrations);
  if (migrations.length > applied) apply(sqlite, owner, { migrations, from: applied });
}

function appliedTo(sqlite: Sqlite, owner: string): Applied[] {
  const table = sqlite.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'cleave_migration'").get();
  if (table === undefined) return [];
  return sqlite
    .prepare<[string], Applied>(
      "SELECT position, name, fingerprint FROM cleave_migration WHERE owner = ? ORDER BY position",
    )
    .all(owner);
}

function apply(
  sqlite: Sqlite,
  owner: string,
  { migrations, from }: { readonly migrations: readonly Migration[]; readonly from: number },
): void {
  sqlite.exec("BEGIN IMMEDIATE");
  try {
    sqlite.exec(
      `CREATE TABLE IF NOT EXISTS cleave_migration (
         owner TEXT NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL,
         fingerprint TEXT NOT NULL, PRIMARY KEY (owner, position)
       ) STRICT, WITHOUT ROWID`,
    );
    const record = sqlite.prepare("INSERT INTO cleave_migration VALUES (?, ?, ?, ?)");
    for (const [offset, migration] of migrations.slice(from).entries()) {
      sqlite.exec(migration.sql);
      record.run(owner, from + offset, migration.name, fingerprintOf(migration));
    }
    sqlite.exec("COMMIT");
  } catch (error) {
    if (sqlite.inTransaction) sqlite.exec("ROLLBACK");
    throw error;
  }
}

const fingerprints = new WeakMap<Migration, string>();

function fingerprintOf(migration: Migration): string {
  const known = fingerprints.get(migration);
  if (known !== undefined) return known;
  const made = new Bun.CryptoHasher("sha256").update(migration.sql).digest("hex");
  fingerprints.set(migration, made);
  return made;
}
