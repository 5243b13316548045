import { expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../testing/temporary-folder.ts";

/** What `cleave simulate` prints for seed 7 of the sample with these words, and its exit code. */
async function simulatedWith(...more: string[]) {
  using folder = temporaryFolder();
  const script = fileURLToPath(new URL("sample-command.ts", import.meta.url));
  const words = ["simulate", "--seed", "7", "--minutes", "1", ...more];
  const command = [process.execPath, script, `${folder.path}/kept.jsonl`, ...words];
  const child = Bun.spawn(command, { stdout: "pipe" });
  const printed = await new Response(child.stdout).text();
  return { printed, code: await child.exited };
}

test("a seed that passes says so, and one that fails that it does", async () => {
  const passed = await simulatedWith();
  expect(passed.printed).toMatch(/^Seed 7 passed: \d+ steps, faults: 0, digest [0-9a-f]{16}\n$/);
  expect(passed.code).toBe(0);
  const failed = await simulatedWith("--workload", "failing");
  expect(failed.printed).toMatch(/\nSeed 7 failed: \d+ steps, .*\n {2}client-1 failed: hm\n$/);
  expect(failed.code).toBe(1);
});

test("a run that is ended early has neither passed nor failed", async () => {
  const { printed, code } = await simulatedWith("--until", "00:20");
  expect(printed).toMatch(/\nSeed 7 was ended at 00:20\.000, before it was judged: \d+ steps, /);
  expect(code).toBe(0);
  expect((await simulatedWith("--until", "59:00")).printed).toContain("\nSeed 7 passed: ");
});

test("a run without one of the faults that alone may happen says which, and fails", async () => {
  const { printed, code } = await simulatedWith("--only", "kill all at x #1");
  expect(printed).toEndWith('\nThe fault "kill all at x #1" does not happen in it.\n');
  expect(code).toBe(1);
  const none = await simulatedWith("--only", "none");
  expect(none.printed).not.toContain("does not happen");
  expect(none.code).toBe(0);
});

test.each([
  [["--story", "ord_1"], "Nothing happened to ord_1 in this run. A failure's ids are those "],
  [["--break-at", "no such"], 'No step has the text "no such", so the debugger has not stopped.'],
])("%j names no step, which is said and fails", async (words, sentence) => {
  const { printed, code } = await simulatedWith(...words);
  expect(printed).toContain(`\n${sentence}`);
  expect(code).toBe(1);
});

test.each([
  [["--story", "client-1"], "Nothing happened to client-1 until 00:00.001. Give a later --until, "],
  [["--break-at", "comes"], 'No step until 00:00.001 has the text "comes", so '],
  [["--only", "kill desk #1"], 'The fault "kill desk #1" does not happen until 00:00.001.'],
])("%j that may come after --until is told as that", async (words, sentence) => {
  const { printed, code } = await simulatedWith("--until", "0:0.001", ...words);
  expect(printed).toContain(`\n${sentence}`);
  expect(code).toBe(1);
});

test("the story of what is in the run is told first", async () => {
  const { printed, code } = await simulatedWith("--story", "client-1", "--break-at", "comes");
  expect(printed).toMatch(/^What happened to client-1:\n.* comes\n/);
  expect(code).toBe(0);
});
