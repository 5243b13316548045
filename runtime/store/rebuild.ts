import type { Sqlite } from "./connection.ts";
import { StoreError } from "./store-error.ts";
import { TransactionGuard } from "./transaction-guard.ts";

/** Rows to be named in one message at most. */
const ROWS_MAX = 5;

/** What is to be done to a database, for messages, and the triggers that it means to drop. */
export interface Rebuild {
  readonly what: string;
  readonly droppedTriggers: readonly string[];
}

/** Runs `work` in a transaction of its own, which is undone when it throws. */
export function inTransaction(sqlite: Sqlite, work: () => void): void {
  sqlite.exec("BEGIN IMMEDIATE");
  try {
    work();
    sqlite.exec("COMMIT");
  } catch (error) {
    if (sqlite.inTransaction) sqlite.exec("ROLLBACK");
    throw error;
  }
}

/**
 * Runs `work` in a transaction of its own in which tables may be dropped and built anew.
 *
 * Foreign keys are off, so that the rows that refer to a rebuilt table stay as they are: dropping
 * a table otherwise deletes its rows first, with all that this sets off. When `work` is done, each
 * row must refer to one that is there, and no trigger may be missing whose table is not: else a
 * StoreError is thrown and nothing was changed. AUTOINCREMENT goes on with the numbers of a
 * rebuilt table where it was.
 */
export function inRebuild(sqlite: Sqlite, rebuild: Rebuild, work: () => void): void {
  let violations: readonly Violation[] = [];
  switchForeignKeys(sqlite, "OFF");
  try {
    inTransaction(sqlite, () => {
      const triggers = triggersOf(sqlite);
      const sequences = sequencesOf(sqlite);
      work();
      keepSequences(sqlite, sequences);
      assertTriggersKept(sqlite, triggers, rebuild);
      violations = violationsIn(sqlite, rebuild);
      if (violations.length > 0) throw new Error("rows refer to what is not there");
    });
  } catch (error) {
    if (violations.length === 0) throw error;
    throw violated(sqlite, violations, rebuild);
  } finally {
    switchForeignKeys(sqlite, "ON");
  }
}

/** Within a transaction this pragma does nothing, and says nothing. */
function switchForeignKeys(sqlite: Sqlite, to: "ON" | "OFF"): void {
  sqlite.pragma(`foreign_keys = ${to}`);
  if (sqlite.pragma("foreign_keys", { simple: true }) === (to === "ON" ? 1 : 0)) return;
  throw new StoreError(`The foreign keys of ${sqlite.name} cannot be switched ${to}.`);
}

/** A row that refers to one that is not there. */
interface Violation {
  readonly table: string;
  /** Null in a table without row ids. */
  readonly rowid: number | null;
  readonly parent: string;
  readonly fkid: number;
}

function violationsIn(sqlite: Sqlite, { what }: Rebuild): readonly Violation[] {
  try {
    return sqlite.pragma("foreign_key_check") as Violation[];
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw refused(sqlite, what, `${why}. What is referred to needs to be unique.`, { cause });
  }
}

function violated(sqlite: Sqlite, violations: readonly Violation[], { what }: Rebuild): StoreError {
  const columns = sqlite
    .prepare<[string, number], string>(
      `SELECT group_concat("from", ', ') FROM pragma_foreign_key_list(?) WHERE id = ?`,
    )
    .pluck();
  const rows = violations.slice(0, ROWS_MAX).map(({ table, rowid, parent, fkid }) => {
    const by = columns.get(table, fkid);
    const row = rowid === null ? "a row" : `row ${rowid}`;
    return `${row} of ${table}${by ? ` by ${by}` : ""} to ${parent}`;
  });
  const more = violations.length - rows.length;
  const before = (sqlite.pragma("foreign_key_check") as Violation[]).length;
  const remedy =
    before > 0
      ? `Without it, ${before} rows already do: mend the data first.`
      : "Have it delete or change these rows as well: while a table may be rebuilt, foreign keys " +
        "neither cascade nor restrict.";
  const all = `${rows.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  return refused(sqlite, what, `rows would refer to what is not there: ${all}. ${remedy}`);
}

function refused(sqlite: Sqlite, what: string, why: string, options?: ErrorOptions): StoreError {
  return new StoreError(
    `${what} cannot be applied to ${sqlite.name}, and nothing was changed: ${why}`,
    options,
  );
}

interface Trigger {
  readonly name: string;
  readonly table: string;
}

function triggersOf(sqlite: Sqlite): Trigger[] {
  return sqlite
    .prepare<[], Trigger>(
      `SELECT name, tbl_name AS "table" FROM sqlite_schema WHERE type = 'trigger' ORDER BY name`,
    )
    .all();
}

/** A table that is dropped takes its triggers along, in silence. */
function assertTriggersKept(
  sqlite: Sqlite,
  before: readonly Trigger[],
  { what, droppedTriggers }: Rebuild,
): void {
  const kept = new Set(triggersOf(sqlite).map(({ name }) => name));
  const dropped = new Set(droppedTriggers.map((name) => name.toUpperCase()));
  const table = sqlite.prepare("SELECT 1 FROM sqlite_schema WHERE name = ? AND type <> 'trigger'");
  for (const { name, table: of } of before) {
    if (kept.has(name) || dropped.has(name.toUpperCase()) || table.get(of) === undefined) continue;
    const why =
      `the trigger ${name} would be gone with the old ${of}. Create it again once the table is ` +
      "rebuilt; if it is to go, drop it first.";
    throw refused(sqlite, what, why);
  }
}

/** The number that AUTOINCREMENT gave last in a table. */
interface Sequence {
  readonly name: string;
  readonly seq: number;
}

function sequencesOf(sqlite: Sqlite): Sequence[] {
  const table = sqlite.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'");
  if (table.get() === undefined) return [];
  return sqlite.prepare<[], Sequence>("SELECT name, seq FROM sqlite_sequence").all();
}

/** What a number once meant, it must not mean anew: a table that is rebuilt has its highest row. */
function keepSequences(sqlite: Sqlite, sequences: readonly Sequence[]): void {
  if (sequences.length === 0) return;
  const later = sqlite.prepare("SELECT 1 FROM sqlite_sequence WHERE name = :name AND seq >= :seq");
  const remove = sqlite.prepare("DELETE FROM sqlite_sequence WHERE name = :name");
  const add = sqlite.prepare(
    `INSERT INTO sqlite_sequence (name, seq) SELECT :name, :seq
       WHERE EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = :name)`,
  );
  TransactionGuard.of(sqlite).run(() => {
    for (const { name, seq } of sequences) {
      if (later.get({ name, seq }) !== undefined) continue;
      remove.run({ name });
      add.run({ name, seq });
    }
  });
}
