import type { Sqlite } from "./connection.ts";

/** Strings, quoted names and comments, to be left alone, or a parameter. */
const token = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|--[^\n]*|\/\*[\s\S]*?\*\/|\?\d*|[:@$]\w+/g;

/**
 * Rewrites a statement so that SQLite keeps its plan when other values are bound.
 *
 * The SQLite of better-sqlite3 is built with STAT4 and looks at the values of parameters when it
 * plans anything but a look-up by a whole unique key: it marks the statement, and every later
 * binding compiles it anew, at 10 to 18 µs each. `likely(?)` means the same as `?` and costs
 * nothing at run time, but is no parameter to the planner. The switch made for this,
 * SQLITE_DBCONFIG_ENABLE_QPSG, cannot be reached from JavaScript. See decision 0004.
 */
function steadyPlan(statement: string): string {
  if (!/^\s*(select|update|delete|with)\b/i.test(statement)) return statement;
  return statement.replace(token, (found) => (/^[?:@$]/.test(found) ? `likely(${found})` : found));
}

/** Has every statement that is prepared on this database from now on keep its plan. */
export function keepPlansSteady(sqlite: Sqlite): void {
  const prepare = sqlite.prepare.bind(sqlite);
  sqlite.prepare = ((statement: string) => prepare(steadyPlan(statement))) as Sqlite["prepare"];
}
