import { expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { keyFault, readOrCreateKey, writeDurably } from "./durable-file.ts";
import { StoreError } from "./store-error.ts";

const source = JSON.stringify(join(import.meta.dir, "durable-file.ts"));

/** Runs a script over a file, with the functions of durable-file.ts in scope as `durable`. */
function child(script: string, path: string, prepare = "") {
  const program = `
    import * as durable from ${source};
    const path = process.argv.at(-1);
    ${script}`;
  const command = `${prepare} exec ${process.execPath} --eval "$0" "$1"`;
  return Bun.spawn(["sh", "-c", command, program, path], { stdout: "pipe", stderr: "inherit" });
}

test("a file is replaced as a whole, for its owner's eyes, and nothing lies beside it", () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "position");
  writeDurably(path, "a longer content");
  writeDurably(path, "short");
  expect(readFileSync(path, "utf8")).toBe("short");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  writeDurably(path, new Uint8Array([1, 2]), { mode: 0o644 });
  expect([...readFileSync(path)]).toEqual([1, 2]);
  expect(statSync(path).mode & 0o777).toBe(0o644);
  expect(readdirSync(folder.path)).toEqual(["position"]);
});

test("a write that finds no room throws, leaves what was there and nothing beside it", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "position");
  writeDurably(path, "before");
  const script = `
    try { durable.writeDurably(path, "x".repeat(1e6)) } catch (error) { console.log(error.code) }`;
  const full = child(script, path, "trap '' XFSZ; ulimit -f 64;");
  expect(await new Response(full.stdout).text()).toBe("EFBIG\n");
  expect(readFileSync(path, "utf8")).toBe("before");
  expect(readdirSync(folder.path)).toEqual(["position"]);
});

test("a folder that is not there is the system's error", () => {
  using folder = temporaryFolder();
  expect(() => writeDurably(join(folder.path, "none", "position"), "1")).toThrow("ENOENT");
});

const about = {
  make: () => new Bun.CryptoHasher("sha256", "any").update("thing").digest(),
  fault: (content: Uint8Array) => keyFault(content, 32),
  loss: "carts that were begun can no longer be opened",
};

test("a key is made once and read from then on, whoever asks", () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "key");
  const made = readOrCreateKey(path, about);
  expect(made).toHaveLength(32);
  expect(readOrCreateKey(path, { ...about, make: () => "never made" })).toEqual(made);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder.path)).toEqual(["key"]);
});

test("processes that make a key at once all use the same one", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "key");
  const script = `
    const key = durable.readOrCreateKey(path, {
      make: () => crypto.getRandomValues(new Uint8Array(32)),
      fault: (content) => durable.keyFault(content, 32),
      loss: "nothing",
    });
    console.log(key.toString("hex"));`;
  const children = Array.from({ length: 6 }, () => child(script, path));
  const keys = await Promise.all(children.map(({ stdout }) => new Response(stdout).text()));
  const expected = `${readFileSync(path).toString("hex")}\n`;
  expect(keys).toEqual(Array.from({ length: 6 }, () => expected));
  expect(readdirSync(folder.path)).toEqual(["key"]);
});

test.each([
  ["empty", () => Buffer.alloc(0), "holds 0 bytes, not 32"],
  ["zeroed", () => Buffer.alloc(32), "holds the same byte many times over, as"],
  ["all ones", () => Buffer.alloc(32, 0xff), "holds the same byte many times over, as"],
  ["cut", (key: Buffer) => key.subarray(0, 20), "holds 20 bytes, not 32"],
  ["zeroed at its end", (key: Buffer) => key.fill(0, 20), "holds the same byte many times over"],
  ["longer", (key: Buffer) => Buffer.concat([key, key]), "holds 64 bytes, not 32"],
])("a key file that a disk error left %s is refused by name", (_what, damage, sentence) => {
  using folder = temporaryFolder();
  const path = join(folder.path, "key");
  writeFileSync(path, damage(readOrCreateKey(path, about)));
  const read = () => readOrCreateKey(path, about);
  expect(read).toThrow(StoreError);
  expect(read).toThrow(`The key file ${path} ${sentence}`);
  expect(read).toThrow(
    "Restore it from a backup, or remove it to have a new one made: then carts that were begun " +
      "can no longer be opened.",
  );
});

test("a key file that cannot be read is refused by name", () => {
  using folder = temporaryFolder();
  expect(() => readOrCreateKey(folder.path, about)).toThrow(
    `${folder.path} cannot be used: it is a folder, not a file (EISDIR). Move it away`,
  );
});
