import { getTableColumns, getTableName, is } from "drizzle-orm";
import { type SQLiteColumn, SQLiteTable } from "drizzle-orm/sqlite-core";
import type { Schema, Sqlite } from "./connection.ts";
import { StoreError } from "./store-error.ts";

/** A table as SQLite knows it. */
interface Found {
  readonly name: string;
  readonly type: "table" | "view" | "virtual" | "shadow";
  readonly wr: 0 | 1;
  readonly strict: 0 | 1;
}

/** A column as SQLite knows it. */
interface FoundColumn {
  readonly name: string;
  readonly type: string;
  readonly notnull: 0 | 1;
  readonly dflt_value: string | null;
  readonly pk: number;
  /** 1 where a virtual table hides it, 2 and 3 where it is generated. */
  readonly hidden: 0 | 1 | 2 | 3;
}

/** The names under which a table's row ids can be had. */
const rowIds = ["rowid", "oid", "_rowid_"];

/**
 * Throws a StoreError that names every table and column of its module's Drizzle tables that a
 * database, as its migrations have left it, lacks or has of another type, and every column that is
 * NOT NULL there and may be left out here.
 */
export function assertSchema(sqlite: Sqlite, schema: Schema): void {
  const tables = tablesOf(sqlite);
  const columns = sqlite.prepare<[string], FoundColumn>("SELECT * FROM pragma_table_xinfo(?)");
  const mistakes = [...columnsByTable(schema)].flatMap(([name, said]) => {
    const table = tables.get(name.toLowerCase());
    if (table === undefined) return [`there is no table ${name}`];
    return mistakesOf(said, { ...table, columns: columns.all(name) });
  });
  if (mistakes.length === 0) return;
  throw new StoreError(
    `${sqlite.name} is not as the schema of its module says: ${mistakes.join("; ")}. Draft the ` +
      'migration that is missing and add it to "migrations" in module.ts, or mend schema.ts.',
  );
}

function tablesOf(sqlite: Sqlite): Map<string, Found> {
  const list = sqlite.prepare<[], Found>(
    "SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main'",
  );
  return new Map(list.all().map((found) => [found.name.toLowerCase(), found]));
}

/** A table may be described in parts: each says some of its columns. */
function columnsByTable(schema: Schema): Map<string, SQLiteColumn[]> {
  const tables = new Map<string, SQLiteColumn[]>();
  for (const one of Object.values(schema)) {
    if (!is(one, SQLiteTable)) continue;
    const name = getTableName(one);
    tables.set(name, [...(tables.get(name) ?? []), ...Object.values(getTableColumns(one))]);
  }
  return tables;
}

function mistakesOf(
  columns: readonly SQLiteColumn[],
  table: Found & { readonly columns: readonly FoundColumn[] },
): string[] {
  const known = new Map(table.columns.map((found) => [found.name.toLowerCase(), found]));
  const said = new Set(columns.map(({ name }) => name.toLowerCase()));
  const mistakes = columns.flatMap((column) => {
    const name = column.name.toLowerCase();
    const found = known.get(name);
    if (found === undefined) {
      return table.wr === 0 && rowIds.includes(name) ? [] : [`${column.name} is missing`];
    }
    const difference = table.type === "table" ? differenceOf(column, found, table) : undefined;
    return difference === undefined ? [] : [`${column.name} ${difference}`];
  });
  const unsaid = table.type === "table" ? table.columns.filter(mustBeGiven) : [];
  for (const { name } of unsaid) {
    if (!said.has(name.toLowerCase())) mistakes.push(`${name} is NOT NULL, and not in the schema`);
  }
  return mistakes.map((mistake) => `${table.name}.${mistake}`);
}

/** How a column differs from what the schema says of it; undefined if it does not. */
function differenceOf(
  column: SQLiteColumn,
  found: FoundColumn,
  { strict }: Found,
): string | undefined {
  const type = column.getSQLType();
  if (!isSameType(type, found.type, strict === 1)) {
    return `is ${found.type || "of no type"}, and ${type} in the schema`;
  }
  if (found.pk > 0 || found.hidden !== 0) return undefined;
  if (!mustBeGiven(found) || column.notNull || column.hasDefault) return undefined;
  return "is NOT NULL, and may be null in the schema";
}

/** Tells whether a row cannot be inserted without this column. */
function mustBeGiven({ notnull, dflt_value, pk, hidden }: FoundColumn): boolean {
  return notnull === 1 && dflt_value === null && pk === 0 && hidden === 0;
}

/** A strict table takes its types alone; another one turns what it gets into its own type. */
function isSameType(said: string, found: string, isStrict: boolean): boolean {
  const [one, other] = [affinityOf(said), affinityOf(found)];
  if (found.toUpperCase() === "ANY" || one === other) return true;
  if (isStrict) return one === "NUMERIC";
  return one === "BLOB" || other === "BLOB" || (one !== "TEXT" && other !== "TEXT");
}

/** The affinity of a declared type, by the rules of SQLite. */
function affinityOf(type: string): "INTEGER" | "TEXT" | "BLOB" | "REAL" | "NUMERIC" {
  if (/int/i.test(type)) return "INTEGER";
  if (/char|clob|text/i.test(type)) return "TEXT";
  if (type === "" || /blob/i.test(type)) return "BLOB";
  return /real|floa|doub/i.test(type) ? "REAL" : "NUMERIC";
}
