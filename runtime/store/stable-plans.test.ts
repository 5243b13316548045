import { expect, test } from "bun:test";
import BetterSqlite3 from "better-sqlite3";
import { eq, getTableColumns, gt, type SQL, sql } from "drizzle-orm";
import { integer, SQLiteSyncDialect, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { virtualEnvironment } from "../testing/virtual-environment.ts";
import { type Drizzle, reads, writes } from "./connection.ts";
import { openDatabase } from "./database.ts";
import { withStablePlans } from "./stable-plans.ts";

const table = sqliteTable("t", { a: text(), n: integer() });
const ddl = `CREATE TABLE t (a TEXT, n INTEGER, [a?b] TEXT DEFAULT 'odd', x$y TEXT) STRICT;
  CREATE INDEX t_a ON t (a, n);
  INSERT INTO t (a, n) VALUES ('x', 1), ('x', 2), ('10', 3), (NULL, 4), ('y', 5);`;
const at = sql.placeholder;

/** What an author may write, and what is bound to it. */
const written: readonly (readonly [SQL, Readonly<Record<string, unknown>>])[] = [
  [
    sql`SELECT sum(n) OVER (ORDER BY n ROWS BETWEEN ${at("n")} PRECEDING AND CURRENT ROW) FROM t`,
    { n: 1 },
  ],
  [
    sql`SELECT sum(n) OVER (ORDER BY n ROWS BETWEEN CURRENT ROW AND ${at("on")} FOLLOWING) FROM t`,
    { on: 2 },
  ],
  [
    sql`SELECT sum(n) OVER (ORDER BY n GROUPS BETWEEN ${at("n")} FOLLOWING AND 2 FOLLOWING) FROM t`,
    { n: 1 },
  ],
  [sql`SELECT [a?b] FROM t WHERE n > ${at("n")}`, { n: 3 }],
  [sql`SELECT x$y, "a?b", \`a?b\`, '?' FROM t WHERE n = ${at("n")}`, { n: 3 }],
  [
    sql`SELECT n FROM t /* why? */ WHERE n = ${at("n")} -- why?
`,
    { n: 3 },
  ],
  [
    sql`SELECT n FROM t WHERE a GLOB ${at("a")} ORDER BY n LIMIT ${at("limit")}`,
    { a: "x*", limit: 1 },
  ],
  [sql`WITH w AS (SELECT ${at("n")} AS m) SELECT n FROM t JOIN w ON n >= m`, { n: 3 }],
  [sql`SELECT nth_value(n, ${at("n")}) OVER (ORDER BY n) FROM t`, { n: 2 }],
  [
    sql`SELECT count(*) FILTER (WHERE n > ${at("n")}) FROM t WHERE a IN (${at("a")}, 'y')`,
    { n: 1, a: "x" },
  ],
];
const textOf = (query: SQL) => new SQLiteSyncDialect().sqlToQuery(query).sql.trim();
const isFrame = (query: SQL) => /PRECEDING|FOLLOWING/.test(textOf(query));

/** A query of raw rows. */
function prepared(db: Drizzle, query: SQL) {
  return db.select({ all: sql`*` }).from(sql`(${query})`).prepare();
}

test("what an author writes is prepared as it is written", () => {
  const sqlite = new BetterSqlite3(":memory:");
  sqlite.exec(ddl);
  using folder = temporaryFolder();
  const schema = { table };
  const sources: string[] = [];
  const set = reads(schema, (db) =>
    written.map(([query]) => {
      sources.push(prepared(db, query).getQuery().sql);
      return prepared(db, query);
    }),
  );
  const migrations = { module: [{ name: "0000_initial", sql: ddl }] };
  const environment = virtualEnvironment();
  const database = openDatabase({
    module: "t",
    folder: folder.path,
    schema,
    migrations,
    environment,
  });
  for (const [index, [, bound]] of written.entries()) {
    const source = sources[index] ?? "";
    const plain = sqlite
      .prepare(source)
      .raw()
      .all(...Object.values(bound));
    expect<unknown>([source, set(database)[index]?.values(bound)]).toEqual([source, plain]);
  }
  expect(sources.join()).not.toContain("likely");
  database.close();
});

const named = written.map(([query, bound]) => [textOf(query), query, bound] as const);
test.each(named)("with a stable plan, %s is the same or refused at once", (_text, query, bound) => {
  const sqlite = new BetterSqlite3(":memory:");
  sqlite.exec(ddl);
  const stable = withStablePlans(sqlite);
  if (isFrame(query)) {
    expect(() => prepared(stable, query)).toThrow(/a statement with a window frame .* stable plan/);
    return;
  }
  const found = prepared(stable, query);
  const source = found.getQuery().sql;
  expect(source).toContain("likely(?)");
  const plain = source.replaceAll("likely(?)", "?");
  const rows = sqlite
    .prepare(plain)
    .raw()
    .all(...Object.values(bound));
  expect<unknown>(found.values(bound)).toEqual(rows);
});

test("a set with stable plans that has a frame is refused when its database is opened", () => {
  using folder = temporaryFolder();
  const schema = { table };
  const frame = sql`sum(n) OVER (ORDER BY n ROWS ${at("back")} PRECEDING)`;
  writes(schema, { stablePlans: true }, (db) => ({
    frame: db.select({ frame }).from(table).prepare(),
  }));
  const migrations = { module: [{ name: "0000_initial", sql: ddl }] };
  const environment = virtualEnvironment();
  const about = { module: "t", folder: folder.path, schema, migrations, environment };
  expect(() => openDatabase(about)).toThrow(
    /statement of .*t.db cannot be prepared: a statement with a window frame .* PRECEDING\) from /,
  );
});

test("a stable plan finds the same rows by index as before, with values of every type", () => {
  const sqlite = new BetterSqlite3(":memory:");
  sqlite.exec(ddl);
  const stable = withStablePlans(sqlite);
  const { n } = getTableColumns(table);
  const query = stable
    .select({ n })
    .from(table)
    .where(sql`${eq(table.a, at("a"))} AND ${gt(table.n, at("n"))}`)
    .orderBy(n)
    .limit(at("limit"))
    .prepare();
  const steady = query.getQuery().sql;
  const plain = sqlite.prepare(steady.replaceAll("likely(?)", "?")).raw();
  const values = [
    ["x", 0, 9],
    ["x", 1, 1],
    [10, 0, 9],
    ["10", 0, 9],
    [null, 0, 9],
  ];
  for (const [a, above, limit] of values) {
    expect(query.values({ a, n: above, limit })).toEqual(plain.all(a, above, limit) as never);
  }
  const plan = sqlite.prepare(`EXPLAIN QUERY PLAN ${steady}`).all("x", 0, 9);
  expect(plan).toMatchObject([{ detail: "SEARCH t USING COVERING INDEX t_a (a=? AND n>?)" }]);
});
