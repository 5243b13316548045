import type { Sqlite } from "./connection.ts";
import { fittingSearchIndexes } from "./search-index.ts";
import { StoreError } from "./store-error.ts";
import { TransactionGuard } from "./transaction-guard.ts";

/** Rows to be named in one message at most. */
const ROWS_MAX = 5;

/** What is to be done to a database, for messages, and what of a table it means to drop. */
export interface Rebuild {
  readonly what: string;
  readonly dropped: readonly Pick<Attachment, "type" | "name">[];
}

/** What belongs to a table and goes with it. */
export interface Attachment {
  readonly type: "trigger" | "index";
  readonly name: string;
  readonly table: string;
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
 * row must refer to one that is there, no trigger or unique index may be missing whose table is
 * not, and a search index must fit its table if it did before: else a StoreError is thrown and
 * nothing was changed. AUTOINCREMENT goes on with the numbers of a rebuilt table where it was.
 */
export function inRebuild(sqlite: Sqlite, rebuild: Rebuild, work: () => void): void {
  let violations: readonly Violation[] = [];
  switchForeignKeys(sqlite, "OFF");
  try {
    inTransaction(sqlite, () => {
      const attachments = attachmentsOf(sqlite);
      const searchIndexes = fittingSearchIndexes(sqlite);
      const sequences = sequencesOf(sqlite);
      work();
      keepSequences(sqlite, sequences);
      assertAttachmentsKept(sqlite, attachments, rebuild);
      assertSearchIndexesFit(sqlite, searchIndexes, rebuild);
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
    // The columns are those that SQLite documents for this pragma.
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
  // Each row of this pragma is a violation.
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

function attachmentsOf(sqlite: Sqlite): Attachment[] {
  return sqlite
    .prepare<[], Attachment>(
      `SELECT type, name, tbl_name AS "table" FROM sqlite_schema
       WHERE type = 'trigger' OR (type = 'index' AND sql LIKE 'CREATE UNIQUE INDEX%')
       ORDER BY type, name`,
    )
    .all();
}

/** A table that is dropped takes its triggers and indexes along, in silence. */
function assertAttachmentsKept(
  sqlite: Sqlite,
  before: readonly Attachment[],
  { what, dropped }: Rebuild,
): void {
  const idOf = ({ type, name }: Pick<Attachment, "type" | "name">) => `${type} ${name}`;
  const kept = new Set(attachmentsOf(sqlite).map(idOf));
  const meant = new Set(dropped.map((one) => idOf(one).toUpperCase()));
  const isThere = sqlite.prepare(
    "SELECT 1 FROM sqlite_schema WHERE name = ? AND type IN ('table', 'view')",
  );
  for (const one of before) {
    const id = idOf(one);
    if (kept.has(id) || meant.has(id.toUpperCase())) continue;
    if (isThere.get(one.table) === undefined) continue;
    const unique = one.type === "index" ? "unique " : "";
    const why =
      `the ${unique}${id} would be gone with the old ${one.table}. Create it again once the ` +
      "table is rebuilt; if it is to go, drop it first.";
    throw refused(sqlite, what, why);
  }
}

/** A search index knows rows by their row ids, which may be others once a table is rebuilt. */
function assertSearchIndexesFit(
  sqlite: Sqlite,
  before: readonly string[],
  { what }: Rebuild,
): void {
  if (before.length === 0) return;
  const fitting = fittingSearchIndexes(sqlite);
  const isThere = sqlite.prepare("SELECT 1 FROM sqlite_schema WHERE name = ?");
  for (const name of before) {
    if (fitting.includes(name) || isThere.get(name) === undefined) continue;
    const why =
      `the search index ${name} does not fit its table any more, and would find other rows. ` +
      `Once the table is rebuilt, run INSERT INTO ${name} (${name}) VALUES ('rebuild').`;
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
