import type { Sqlite } from "./connection.ts";
import { isStorageFailure } from "./storage-failure.ts";
import { TransactionGuard } from "./transaction-guard.ts";

/** A full-text search index over the rows of a table, which it knows by their row ids. */
interface SearchIndex {
  readonly name: string;
  readonly sql: string;
}

/**
 * The full-text search indexes with an external content table that fit it, in the open transaction.
 * Reads each index and its table once.
 */
export function fittingSearchIndexes(sqlite: Sqlite): readonly string[] {
  const tables = sqlite.prepare<[], SearchIndex>(
    `SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE%'`,
  );
  const indexes = tables
    .all()
    .filter(({ sql }) => /\bUSING\s+fts[45]\b.*\bcontent\s*=/is.test(sql));
  return indexes.filter((index) => fits(sqlite, index)).map(({ name }) => name);
}

function fits(sqlite: Sqlite, { name, sql }: SearchIndex): boolean {
  const quoted = `"${name.replaceAll('"', '""')}"`;
  const check = /\bUSING\s+fts5\b/i.test(sql)
    ? `INSERT INTO ${quoted} (${quoted}, rank) VALUES ('integrity-check', 1)`
    : `INSERT INTO ${quoted} (${quoted}) VALUES ('integrity-check')`;
  try {
    TransactionGuard.of(sqlite).run(() => sqlite.exec(check));
    return true;
  } catch (error) {
    if (isStorageFailure(error)) throw error;
    return false;
  }
}
