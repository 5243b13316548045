import { expect, test } from "bun:test";
import BetterSqlite3 from "better-sqlite3";
import { keepPlansSteady } from "./steady-plans.ts";

test.each([
  ["SELECT a FROM t WHERE b = ? LIMIT ?", "SELECT a FROM t WHERE b = likely(?) LIMIT likely(?)"],
  [
    "select * from t where a = ?1 or b = ?1",
    "select * from t where a = likely(?1) or b = likely(?1)",
  ],
  ["UPDATE t SET a = :a WHERE b = @b", "UPDATE t SET a = likely(:a) WHERE b = likely(@b)"],
  [
    "DELETE FROM t WHERE a = '?' AND \"b?\" = ?",
    "DELETE FROM t WHERE a = '?' AND \"b?\" = likely(?)",
  ],
  ["SELECT `a?` FROM t -- why?\nWHERE b = ?", "SELECT `a?` FROM t -- why?\nWHERE b = likely(?)"],
  ["INSERT INTO t VALUES (?, ?, 1, 2)", "INSERT INTO t VALUES (?, ?, 1, 2)"],
])("keeps the plan of %s", (statement, steady) => {
  const sqlite = new BetterSqlite3(":memory:");
  sqlite.exec('CREATE TABLE t (a, b, "a?", "b?")');
  keepPlansSteady(sqlite);
  expect(sqlite.prepare(statement).source).toBe(steady);
});

test("finds the same rows by index as before, with values of every type", () => {
  const sqlite = new BetterSqlite3(":memory:");
  sqlite.exec("CREATE TABLE t (a TEXT, n INTEGER) STRICT; CREATE INDEX t_a ON t (a, n)");
  sqlite.exec("INSERT INTO t VALUES ('x', 1), ('x', 2), ('10', 3), (NULL, 4)");
  const query = "SELECT n FROM t WHERE a = ? AND n > ? ORDER BY n LIMIT ?";
  const plain = sqlite.prepare(query);
  keepPlansSteady(sqlite);
  const steady = sqlite.prepare(query);
  const values = [
    ["x", 0, 9],
    ["x", 1, 1],
    [10, 0, 9],
    ["10", 0, 9],
    [null, 0, 9],
  ];
  for (const bound of values) expect(steady.all(...bound)).toEqual(plain.all(...bound));
  const plan = sqlite.prepare(`EXPLAIN QUERY PLAN ${steady.source}`).all("x", 0, 9);
  expect(plan).toMatchObject([{ detail: "SEARCH t USING COVERING INDEX t_a (a=? AND n>?)" }]);
});
