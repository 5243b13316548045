import { eq, sql } from "drizzle-orm";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { TransportError } from "../../contract/errors.ts";
import { command, contract, defineModule, handler, query, reads, t, writes } from "../../index.ts";

const Name = t.String({ minLength: 1, maxLength: 80 });

/** A third small module: errands that can be made to fail in every way that a neighbour can. */
export const errands = contract("errands", {
  /** Runs an errand. Repeating it without a key runs it again. */
  run: command({
    input: t.Object({ name: Name }),
    output: t.Object({ runs: t.Integer() }),
    errors: { REFUSED: t.Object({ name: Name }) },
  }),
  /** Undoes an errand. Nothing happens when it was not run. */
  undo: command({ input: t.Object({ name: Name }), output: t.Object({}) }),
  /** How often each errand was run, and whether it still stands. */
  ledger: query({
    input: t.Object({}),
    output: t.Record(Name, t.Object({ runs: t.Integer(), stands: t.Boolean() })),
  }),
});

/**
 * What happens to an errand: a refusal, no answer before or after its effect, a defect, a disk that
 * cannot be read, a wait.
 */
export type Mishap = "refused" | "unanswered" | "answer lost" | "defect" | "disk" | Promise<void>;

const table = sqliteTable("errand", {
  name: text().primaryKey(),
  runs: integer().notNull(),
  stands: integer().notNull(),
});
const schema = { table };
const read = reads(schema, (db) => ({ all: db.select().from(table).prepare() }));
const write = writes(schema, (db) => ({
  run: db
    .insert(table)
    .values({ name: sql.placeholder("name"), runs: 1, stands: 1 })
    .onConflictDoUpdate({ target: table.name, set: { runs: sql`${table.runs} + 1`, stands: 1 } })
    .returning()
    .prepare(),
  undo: db
    .update(table)
    .set({ stands: 0 })
    .where(eq(table.name, sql.placeholder("name")))
    .prepare(),
}));

/**
 * The errands, wired. `plan` holds the mishaps of each errand (`undo a` is that of undoing it), in
 * order; the last one lasts until it is taken out. `trail` gets the names of what was done.
 */
export function errandsModule(plan: Map<string, Mishap[]>, trail: string[]) {
  async function mishap(name: string): Promise<Mishap | undefined> {
    const [next, ...rest] = plan.get(name) ?? [];
    if (rest.length > 0) plan.set(name, rest);
    if (next === "unanswered")
      throw new TransportError("UNREACHABLE", "no", "nobody there", { fault: "callee" });
    if (next === "defect") throw new Error(`${name} went wrong`);
    if (next === "disk") {
      throw Object.assign(new Error("disk I/O error"), { code: "SQLITE_IOERR_READ" });
    }
    if (next instanceof Promise) await next;
    return next;
  }
  return defineModule({
    contract: errands,
    schema,
    migrations: [
      {
        name: "0000_initial",
        sql: `CREATE TABLE errand (name TEXT PRIMARY KEY, runs INTEGER NOT NULL,
                stands INTEGER NOT NULL) STRICT`,
      },
    ],
    handlers: {
      run: handler(errands.run, async ({ name }, { transaction, fail }) => {
        const met = await mishap(name);
        if (met === "refused") throw fail("REFUSED", { name });
        const answer = await transaction((tx) => {
          const [row] = write(tx).run.all({ name });
          return { runs: row?.runs ?? 0 };
        });
        trail.push(name);
        if (met === "answer lost")
          throw new TransportError("UNREACHABLE", "unknown", "lost", { fault: "callee" });
        return answer;
      }),
      undo: handler(errands.undo, async ({ name }, { transaction }) => {
        await mishap(`undo ${name}`);
        const answer = await transaction((tx) => {
          write(tx).undo.run({ name });
          return {};
        });
        trail.push(`undo ${name}`);
        return answer;
      }),
      ledger: handler(errands.ledger, (_input, { read: on }) =>
        Object.fromEntries(
          read(on)
            .all.all()
            .map(({ name, runs, stands }) => [name, { runs, stands: stands === 1 }]),
        ),
      ),
    },
  });
}
