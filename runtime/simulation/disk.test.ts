import { describe, expect, test } from "bun:test";
import type { Sqlite } from "../store/connection.ts";
import { SimulatedDisk } from "./disk.ts";
import type { FaultRates } from "./faults.ts";
import { Images } from "./images.ts";
import { Process } from "./process.ts";
import { smallWorld } from "./small-world.ts";

const path = "/somewhere/shelf.db";

/** A disk in a world with these faults, and processes that use it. */
function begun(rates: Partial<FaultRates> = {}) {
  const world = smallWorld(rates);
  const disk = new SimulatedDisk(world, new Images());
  const process = (name: string) => new Process(world, name, world.seed.fork(name));
  const one = process("one");
  const sqlite = disk.of(one).open(path);
  sqlite.exec("CREATE TABLE thing (name TEXT)");
  world.faults.on = true;
  return { world, disk, process, one, sqlite };
}

function write(sqlite: Sqlite, name: string): void {
  sqlite.prepare("BEGIN IMMEDIATE").run();
  sqlite.prepare("INSERT INTO thing VALUES (?)").run(name);
}
const commit = (sqlite: Sqlite) => sqlite.prepare("COMMIT").run();
const namesOn = (disk: SimulatedDisk) => disk.look<string>("shelf", "SELECT name FROM thing", []);

describe("what a process has committed", () => {
  test("is there for the next one when it is killed, and what it has not is not", () => {
    const { disk, process, one, sqlite } = begun();
    write(sqlite, "committed");
    commit(sqlite);
    write(sqlite, "not committed");
    one.kill("killed");
    expect(() => commit(sqlite)).toThrow("gone");

    const next = disk.of(process("two")).open(path);
    write(next, "of the next");
    commit(next);
    expect(namesOn(disk)).toEqual(["committed", "of the next"]);
  });

  test("is nothing of what one that is gone goes on to write when the next has come", () => {
    const { disk, process, one, sqlite } = begun();
    const begin = sqlite.prepare("BEGIN IMMEDIATE");
    one.kill("killed");
    const next = disk.of(process("two")).open(path);
    expect(() => begin.run()).toThrow("gone");
    write(next, "of the next");
    commit(next);
    expect(namesOn(disk)).toEqual(["of the next"]);
  });

  test("is in an image, from which another disk begins", () => {
    const { world, disk, sqlite } = begun();
    write(sqlite, "committed");
    commit(sqlite);
    expect(namesOn(new SimulatedDisk(world, new Images(disk.bytes())))).toEqual(["committed"]);
  });

  test.each([
    ["a full disk", "disk-full", "SQLITE_FULL", []],
    ["an error after it", "commit-unknown", "SQLITE_IOERR_FSYNC", ["thing"]],
  ] as const)("at %s is reported as lost", (_what, fault, code, left) => {
    const { disk, sqlite } = begun({ [fault]: 1 });
    write(sqlite, "thing");
    expect(() => commit(sqlite)).toThrow(expect.objectContaining({ code }));
    expect(sqlite.inTransaction).toBe(false);
    expect(namesOn(disk)).toEqual([...left]);
  });
});

test("a busy disk begins no transaction, and a slow one has its process stand still", () => {
  const busy = begun({ "disk-busy": 1 });
  expect(() => write(busy.sqlite, "thing")).toThrow(
    expect.objectContaining({ code: "SQLITE_BUSY" }),
  );
  const slow = begun({ "disk-slow": 1 });
  write(slow.sqlite, "thing");
  commit(slow.sqlite);
  expect(slow.one.pausedUntilMs).toBeGreaterThanOrEqual(50);
});

test("a lock keeps others out until it is given up or its owner is gone", () => {
  const { disk, process } = begun();
  const [first, second, third] = [process("first"), process("second"), process("third")];
  disk.of(first).lock(path, "shelf")();
  disk.of(second).lock(path, "shelf");
  expect(() => disk.of(third).lock(path, "shelf")).toThrow("The data of shelf is owned by second.");
  second.kill("killed");
  disk.of(third).lock(path, "shelf");
  expect(() => disk.of(first).lock(path, "shelf")).toThrow("owned by third");
});

test("a database that is not there is not made for one who only reads", () => {
  const { disk, one } = begun();
  expect(disk.of(one).exists("/somewhere/desk.db")).toBe(false);
  expect(() => disk.of(one).open("/somewhere/desk.db", { readonly: true })).toThrow(
    expect.objectContaining({ code: "SQLITE_CANTOPEN" }),
  );
});

test.each([
  "PRAGMA query_only=1",
  "-- a remark\n/* and another */ pragma query_only = 1",
  "DELETE FROM thing RETURNING name",
  "WITH known AS (SELECT 1) INSERT INTO thing SELECT 'new' RETURNING name",
  "ATTACH ':memory:' AS other",
  "BEGIN",
])("who looks from outside changes nothing by %j", (sql) => {
  const { disk, sqlite } = begun();
  write(sqlite, "thing");
  commit(sqlite);
  expect(() => disk.look("shelf", sql, [])).toThrow(
    /^What looks into shelf can only read, not ".*/,
  );
  write(sqlite, "another");
  commit(sqlite);
  expect(namesOn(disk)).toEqual(["thing", "another"]);
});

test("who looks from outside may begin with a remark, or with what it gives a name", () => {
  const { disk } = begun();
  const sql = "/* one */ -- two\n WITH one AS (SELECT 'found') SELECT * FROM one";
  expect(disk.look<string>("shelf", sql, [])).toEqual(["found"]);
});
