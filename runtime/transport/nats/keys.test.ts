import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { StoreError } from "../../store/store-error.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { adoptNextKey, authenticatorOf, makeKeys, makeNextKey, publicKeys } from "./keys.ts";

test.each<[string, (seed: Buffer) => Buffer]>([
  ["empty", () => Buffer.alloc(0)],
  ["zeroed", (seed) => Buffer.alloc(seed.length)],
  ["cut", (seed) => seed.subarray(0, 40)],
  ["zeroed at its end", (seed) => seed.fill(0, 30)],
])("a seed that a disk error left %s is refused by its file", (_what, damage) => {
  using folder = temporaryFolder();
  makeKeys(folder.path, ["orders"]);
  const path = `${folder.path}/nats/keys/orders.seed`;
  writeFileSync(path, damage(readFileSync(path)));
  for (const use of [
    () => makeKeys(folder.path, ["orders"]),
    () => publicKeys(folder.path, "orders"),
    () => authenticatorOf(folder.path, "orders"),
  ]) {
    expect(use).toThrow(StoreError);
    expect(use).toThrow(`The key file ${path} holds no seed of a NATS user. Restore it`);
  }
});

test("the next key takes the place of the current one", () => {
  using folder = temporaryFolder();
  makeKeys(folder.path, ["orders"]);
  makeNextKey(folder.path, "orders");
  const [, next] = publicKeys(folder.path, "orders");
  adoptNextKey(folder.path, "orders");
  expect(publicKeys(folder.path, "orders")).toEqual([next ?? ""]);
});
