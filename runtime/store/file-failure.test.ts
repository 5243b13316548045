import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import BetterSqlite3 from "better-sqlite3";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { fileFailure } from "./file-failure.ts";

const failure = (code: string, more = {}) => Object.assign(new Error(code), { code, ...more });

test.each([
  ["EROFS", "its file system is read-only (EROFS). Mount it for writing"],
  ["EACCES", "this user has no right to it (EACCES). Give this user the right"],
  ["EPERM", "this user has no right to it (EPERM). Give this user the right"],
  ["EMFILE", "this process has too many open files (EMFILE). Raise the limit"],
  ["ENFILE", "this machine has too many open files (ENFILE)."],
  ["ENOSPC", "its disk is full (ENOSPC). Make room"],
  ["EIO", "its disk fails (EIO). Look at the disk"],
])("%s is told with its file, its cause and a remedy", (code, says) => {
  const error = failure(code, { path: "/data/key" });
  expect(fileFailure(error)).toStartWith(`/data/key cannot be used: ${says}`);
  expect(fileFailure(new Error("outer", { cause: error }))).toBe(fileFailure(error));
});

test.each([
  ["SQLITE_FULL", "its disk is full (ENOSPC)"],
  ["SQLITE_IOERR_WRITE", "its disk fails (EIO)"],
  ["SQLITE_READONLY_DIRECTORY", "its file system is read-only (EROFS)"],
])("%s of SQLite is told as what it comes from", (code, says) => {
  const error = new BetterSqlite3.SqliteError("no", code);
  expect(fileFailure(error)).toStartWith(`A file cannot be used: ${says}`);
  using folder = temporaryFolder();
  const there = `${folder.path}/orders.db`;
  writeFileSync(there, "");
  expect(fileFailure(error, there)).toStartWith(`${there} cannot be used: ${says}`);
});

test.each(["SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_BUSY", "SQLITE_ERROR", "ENOENT", ""])(
  "%p is no failure of a file",
  (code) => {
    expect(fileFailure(failure(code), "/data/orders.db")).toBeUndefined();
  },
);

const source = join(import.meta.dir, "database.ts");
const opening = `
  import { closeSync, openSync } from "node:fs";
  import { claimDatabase, openDatabase } from ${JSON.stringify(source)};
  const [left, folder] = process.argv.slice(-2);
  const held = [];
  try {
    for (;;) held.push(openSync("/dev/null", "r"));
  } catch {
    for (const one of held.splice(0, Number(left))) closeSync(one);
  }
  const options = { module: "orders", folder, migrations: {}, environment: {} };
  const said = [];
  try {
    claimDatabase(options);
    openDatabase(options);
    said.push("opened");
  } catch (error) {
    said.push(error.name, error.message);
  }
  for (const one of held) try { closeSync(one); } catch {}
  console.log(said.join(": "));
  process.exit(0);`;

/** What a process says that opens a database when it may open so many files more. */
async function openedWith(left: number): Promise<string> {
  using folder = temporaryFolder();
  const command = 'ulimit -n 64 && exec "$@"';
  const script = [process.execPath, "--eval", opening, `${left}`, folder.path];
  const child = Bun.spawn(["sh", "-c", command, "sh", ...script], {
    stdout: "pipe",
    stderr: "inherit",
  });
  return (await new Response(child.stdout).text()).trim();
}

test.each([0, 1, 2, 3, 4])(
  "a database that finds room for %i open files is not told as damaged",
  async (left) => {
    expect(await openedWith(left)).toMatch(
      /^StoreError: .*orders.(lock|db) cannot be used: .* too many open files \(EMFILE\)\. Raise/,
    );
  },
);

test("a database that finds room for as many files as it needs is opened", async () => {
  expect(await openedWith(9)).toBe("opened");
});
