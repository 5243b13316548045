import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { realEnvironment } from "../../runtime/host/real-environment.ts";
import { silent } from "../../runtime/testing/silent-log.ts";
import { temporaryFolder } from "../../runtime/testing/temporary-folder.ts";
import { tokenKey } from "./tokens.ts";

function open(folder: string) {
  return tokenKey.open({} as never, {
    ...realEnvironment(),
    log: silent,
    guard: () => (work) => work(),
    folder: () => folder,
    publicUrl: "http://shop.test",
    development: true,
  });
}

test("the same key opens the same order after a restart", () => {
  using folder = temporaryFolder();
  const token = open(folder.path).tokenOf("order", "ord_1");
  expect(open(folder.path).tokenOf("order", "ord_1")).toBe(token);
  expect(open(folder.path).tokenOf("cart", "ord_1")).not.toBe(token);
});

test.each<[string, (key: Buffer) => Buffer]>([
  ["empty", () => Buffer.alloc(0)],
  ["zeroed", () => Buffer.alloc(32)],
  ["cut", (key) => key.subarray(0, 31)],
  ["zeroed at its end", (key) => key.fill(0, 16)],
])("a key that a disk error left %s is refused by its file", (_what, damage) => {
  using folder = temporaryFolder();
  open(folder.path);
  const path = join(folder.path, "token-key");
  writeFileSync(path, damage(readFileSync(path)));
  expect(() => open(folder.path)).toThrow(`The key file ${path} holds `);
  expect(() => open(folder.path)).toThrow("Restore it from a backup, or remove it");
});
