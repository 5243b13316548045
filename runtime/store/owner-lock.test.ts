import { expect, test } from "bun:test";
import { join } from "node:path";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { ownerLock } from "./owner-lock.ts";
import { StoreError } from "./store-error.ts";

const source = join(import.meta.dir, "owner-lock.ts");
const holder = `
  import { ownerLock } from ${JSON.stringify(source)};
  ownerLock(process.argv.at(-1), "orders");
  console.log("owned");
  process.stdin.resume();`;

/** Resolves when the child owns the lock. */
async function ownedByChild(path: string) {
  const command = [process.execPath, "--eval", holder, path];
  const child = Bun.spawn(command, { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
  const { value } = await child.stdout.getReader().read();
  expect(new TextDecoder().decode(value)).toBe("owned\n");
  return child;
}

test("refuses data that another process owns, until that process is killed", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/orders.lock`;
  const owner = await ownedByChild(path);
  expect(() => ownerLock(path, "orders")).toThrow(
    new StoreError(
      `The data of orders (${path}) is owned by another process. ` +
        `Stop that process, or start this one with another DATA_DIR.`,
    ),
  );
  owner.kill("SIGKILL");
  await owner.exited;
  ownerLock(path, "orders")();
});

test("refuses a second owner within one process, until the first gives up", () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/orders.lock`;
  const release = ownerLock(path, "orders");
  expect(() => ownerLock(path, "orders")).toThrow(/is owned by another process/);
  release();
  ownerLock(path, "orders")();
});

test("says of a damaged lock file that it is damaged, not that it is owned", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/orders.lock`;
  await Bun.write(path, "no database, and long enough to be read as the header of one".repeat(20));
  expect(() => ownerLock(path, "orders")).toThrow(/is no lock file .* damaged, delete it/);
});
