import { BetterSQLite3Database } from "drizzle-orm/better-sqlite3";
import { BetterSQLiteSession } from "drizzle-orm/better-sqlite3/session";
import { SQLiteSyncDialect } from "drizzle-orm/sqlite-core";
import { ContractError } from "../contract/errors.ts";
import type { Drizzle, Sqlite } from "./connection.ts";

/**
 * Writes each parameter as `likely(?)`.
 *
 * The SQLite of better-sqlite3 is built with STAT4: where the value of a parameter could matter to
 * a plan, it plans the statement anew when another value is bound, at 5 to 18 µs each. `likely(?)`
 * means the same as `?` and costs nothing at run time, but is no parameter to the planner. It is
 * written where Drizzle itself writes a parameter, so never within a string or a name. See decision
 * 0009.
 */
class StablePlanDialect extends SQLiteSyncDialect {
  override escapeParam(): string {
    return "likely(?)";
  }
}

/**
 * A Drizzle view of an open database whose statements keep their plans, whatever is bound.
 *
 * Throws a ContractError when a statement with a window frame is prepared: the bounds of a frame
 * are the one place where SQLite takes a parameter, and not what means the same.
 */
export function withStablePlans(sqlite: Sqlite): Drizzle {
  const dialect = new StablePlanDialect();
  const client: Sqlite = Object.assign(Object.create(sqlite), {
    prepare(statement: string) {
      const prepared = sqlite.prepare(statement);
      if (/\b(preceding|following)\b/i.test(statement)) throw new ContractError(noFrames);
      return prepared;
    },
  });
  const session = new BetterSQLiteSession<Record<string, never>, Record<string, never>>(
    client,
    dialect,
    undefined,
  );
  return new BetterSQLite3Database("sync", dialect, session, undefined);
}

const noFrames =
  "a statement with a window frame (PRECEDING, FOLLOWING) cannot have a stable plan: " +
  "declare it in a set without stablePlans";
