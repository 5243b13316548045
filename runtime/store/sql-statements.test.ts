import { expect, test } from "bun:test";
import { dropped, isAdditive, isTransactional, sqlStatements } from "./sql-statements.ts";

test("finds statements, whatever strings, names, comments and triggers hold", () => {
  const sql = `
    -- a; b
    create table "a;b" (c text default ';''--'); /* ; */
    CREATE TEMP TRIGGER t AFTER DELETE ON [x;y] BEGIN
      UPDATE z SET n = CASE WHEN 1 THEN 2 END; DELETE FROM z; END;
    SELECT \`q;\`;;`;
  const found = sqlStatements(sql).map((tokens) => tokens.join(" "));
  expect(found).toEqual([
    `CREATE TABLE "a;b" ( C TEXT DEFAULT ';''--' )`,
    "CREATE TEMP TRIGGER T AFTER DELETE ON [x;y] BEGIN UPDATE Z SET N = CASE WHEN 1 THEN 2 END ; " +
      "DELETE FROM Z ; END",
    "SELECT `q;`",
  ]);
});

test.each([
  "CREATE TABLE a (b)",
  "create table if not exists a (b)",
  "CREATE VIRTUAL TABLE a USING fts5(b)",
  "CREATE UNIQUE INDEX a ON b (c)",
  "CREATE INDEX a ON b (c)",
  "DROP INDEX IF EXISTS a",
  "CREATE VIEW a AS SELECT 1",
  "CREATE TRIGGER a BEFORE DELETE ON b BEGIN SELECT RAISE(ABORT, 'kept'); END",
  'ALTER TABLE "drop" ADD COLUMN c TEXT',
  "ALTER TABLE main.a ADD c TEXT",
  "INSERT INTO a VALUES ('DROP TABLE a; on conflict')",
])("takes %j for one that only adds", (sql) => {
  expect(sqlStatements(sql).map(isAdditive)).toEqual([true]);
});

test.each([
  "DROP TABLE a",
  "/* CREATE TABLE */ DROP TABLE a",
  "-- CREATE TABLE a\nDROP TABLE a",
  "ALTER TABLE a RENAME TO b",
  "ALTER TABLE a DROP COLUMN b",
  "ALTER TABLE a RENAME COLUMN b TO c",
  "ALTER TABLE main.a RENAME TO ADD",
  "REPLACE INTO a VALUES (1)",
  "INSERT OR REPLACE INTO a VALUES (1)",
  "INSERT INTO a VALUES (1) ON CONFLICT DO UPDATE SET b = 1",
  "UPDATE a SET b = 1",
  "DELETE FROM a",
  "WITH a AS (SELECT 1) DELETE FROM b",
  "PRAGMA foreign_keys=OFF",
  "CREATE TRIGGER a AFTER INSERT ON b BEGIN DELETE FROM c; END",
])("takes %j for one that may take something away", (sql) => {
  expect(sqlStatements(sql).map(isAdditive)).toEqual([false]);
});

test("knows what begins and ends transactions, and what of a table is dropped", () => {
  const sql = `BEGIN; COMMIT; end transaction; ROLLBACK; SAVEPOINT a;
    DROP TRIGGER IF EXISTS main."Told"; DROP TRIGGER told;
    DROP INDEX quick; DROP TABLE t; DROP VIEW v`;
  const statements = sqlStatements(sql);
  expect(statements.map(isTransactional)).toEqual(statements.map((_, index) => index < 4));
  expect(statements.flatMap(dropped)).toEqual([
    { type: "trigger", name: "Told" },
    { type: "trigger", name: "TOLD" },
    { type: "index", name: "QUICK" },
  ]);
});
