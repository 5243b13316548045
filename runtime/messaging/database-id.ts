import type { Environment } from "../contract/environment.ts";
import { kernelStatements, type Read, type Write } from "../store/connection.ts";

const ID_BYTES = 8;

const statements = kernelStatements((sqlite) => ({
  id: sqlite.prepare<[], string>("SELECT id FROM cleave_database").pluck(),
  put: sqlite.prepare<[string]>("INSERT INTO cleave_database (id) VALUES (?)"),
}));

/** The id of an open database: made once, and the same in each copy; empty before it was made. */
export function databaseId(on: Read): string {
  return statements(on).id.get() ?? "";
}

/** Gives the database its id, in the open transaction, if it has none. */
export function identify(tx: Write, environment: Pick<Environment, "randomBytes">): void {
  if (databaseId(tx) !== "") return;
  const id = Buffer.from(environment.randomBytes(ID_BYTES)).toString("hex");
  statements(tx).put.run(id);
}
