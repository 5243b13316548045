import { expect, test } from "bun:test";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { commitOf, firstSeedOf } from "./commit.ts";

const author = ["-c", "user.name=one", "-c", "user.email=one@shop.test"];

function git(folder: string, ...words: readonly string[]): string {
  return Bun.spawnSync(["git", ...author, ...words], { cwd: folder })
    .stdout.toString()
    .trim();
}

test("a folder is of the commit that is checked out, and says so when a file differs", async () => {
  using folder = temporaryFolder();
  const { path } = folder;
  expect(commitOf(path)).toBeUndefined();
  git(path, "init");
  await Bun.write(`${path}/one`, "1");
  git(path, "add", "one");
  git(path, "commit", "-m", "one");
  expect(commitOf(path)).toBe(git(path, "rev-parse", "HEAD"));
  await Bun.write(`${path}/one`, "2");
  expect(commitOf(path)).toBe(`${git(path, "rev-parse", "HEAD")}-dirty`);
});

test("the first seed of a commit is its first seven digits", () => {
  expect(firstSeedOf("1a958f44cf30f6d52f0054f507194c089ee12e22")).toBe(0x1a958f4);
});
