import { expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { Escaped } from "./escaped.ts";

const beside = "of this run or of what else this process does, such as its test";

test("what nobody caught is told, whatever it is, until it is disposed of", () => {
  const unknown = Object.create(null);
  const escaped = new Escaped();
  process.emit("unhandledRejection", unknown, Promise.resolve());
  process.emit("uncaughtException", new Error("hm"));
  expect(escaped.taken()).toEqual([
    `Nobody caught an error, ${beside}: something of which no text can be made`,
    `Nobody caught an error, ${beside}: hm`,
  ]);
  escaped[Symbol.dispose]();
  process.emit("uncaughtException", new Error("hm"));
  expect(escaped.taken()).toEqual([]);
});

test("what a client throws when it has ended fails its seed, and says where", async () => {
  using folder = temporaryFolder();
  const script = fileURLToPath(new URL("sample-command.ts", import.meta.url));
  const words = "simulate --minutes 1 --seeds 1 --workload escaping".split(" ");
  const command = [process.execPath, script, `${folder.path}/kept.jsonl`, ...words];
  const child = Bun.spawn(command, { stdout: "pipe" });
  const printed = await new Response(child.stdout).text();
  expect(printed).toMatch(
    /\n {2}Nobody caught an error, .*: thrown later \(at runtime\/testing\/sample\/\S+\.ts:4\)\n/,
  );
  expect(printed).toEndWith("0 passed, 1 failed\n");
  expect(await child.exited).toBe(1);
});
