import { expect, test } from "bun:test";
import BetterSqlite3 from "better-sqlite3";
import { commitsOf, connection, type Read, reads } from "../store/connection.ts";
import { openDatabase, openForReading } from "../store/database.ts";
import { SimulatedDisk } from "./disk.ts";
import { Images } from "./images.ts";
import { Process } from "./process.ts";
import { smallWorld } from "./small-world.ts";

const migrations = { module: [{ name: "things", sql: "CREATE TABLE thing (name TEXT) STRICT" }] };

const schema = {};
const known = reads(schema, () => new Map<number, string[]>());

/** All things, remembered for as long as nothing is committed. */
function thingsIn(on: Read): string[] {
  const commits = commitsOf(on);
  const { sqlite } = on[connection];
  const names = () => sqlite.prepare<[], string>("SELECT name FROM thing").pluck().all();
  const found = known(on).get(commits) ?? names();
  known(on).set(commits, found);
  return found;
}

/** A run over these databases: its owner's view of the things, and that of one who reads beside. */
function run(images: Images) {
  const world = smallWorld({});
  const disk = new SimulatedDisk(world, images);
  const options = (name: string) => {
    const process = new Process(world, name, world.seed.fork(name));
    const { environment } = process;
    const about = { module: "shelf", folder: "/data", migrations, schema, environment };
    return { ...about, disk: disk.of(process) };
  };
  const opened = () => openDatabase(options("owner"));
  const owner = opened();
  const put = (name: string) => {
    const { sqlite } = owner[connection];
    void owner.writer.run(() => sqlite.prepare("INSERT INTO thing VALUES (?)").run(name));
    world.runUntil(world.nowMs + 1);
  };
  return { disk, owner, opened, put, reader: () => openForReading(options("reader")) };
}

test("a run remembers nothing of the one before it over the same databases", () => {
  const images = new Images(run(new Images()).disk.bytes());
  const before = run(images);
  before.put("an old thing");
  expect([before.owner, before.reader()].map(thingsIn)).toEqual([
    ["an old thing"],
    ["an old thing"],
  ]);
  before.disk.close();

  const after = run(images);
  expect([after.owner, after.reader()].map(thingsIn)).toEqual([[], []]);
  after.put("a new thing");
  expect([after.owner, after.reader()].map(thingsIn)).toEqual([["a new thing"], ["a new thing"]]);
});

test("a database that was never migrated is migrated anew by each run", () => {
  const images = new Images(new Map([["shelf.db", new BetterSqlite3(":memory:").serialize()]]));
  for (const thing of ["of one run", "of the next"]) {
    const { disk, owner, put, opened } = run(images);
    expect(thingsIn(owner)).toEqual([]);
    put(thing);
    expect(thingsIn(opened())).toEqual([thing]);
    disk.close();
  }
});
