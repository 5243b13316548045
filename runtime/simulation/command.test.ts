import { afterEach, beforeEach, expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../testing/temporary-folder.ts";

const script = fileURLToPath(new URL("sample-command.ts", import.meta.url));
let folder: ReturnType<typeof temporaryFolder>;
let kept: string;
beforeEach(() => {
  folder = temporaryFolder();
  kept = `${folder.path}/kept.jsonl`;
});
afterEach(() => folder[Symbol.dispose]());

/** What `cleave simulate` prints for the sample, where it prints it, and its exit code. */
async function simulated(...words: readonly string[]) {
  const command = [process.execPath, script, kept, "simulate", "--minutes", "1", ...words];
  const child = Bun.spawn(command, { stdout: "pipe", stderr: "pipe" });
  const [printed, errors] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { printed, errors, code: await child.exited };
}

test("only seeds that were kept are said to be run first from now on", async () => {
  const words = ["--seeds", "1", "--workload", "failing"];
  expect((await simulated(...words)).printed).toContain(
    `\nFrom now on ${kept} has them run first. Commit it.\n`,
  );
  // In place of its folder there is the file itself.
  kept = `${kept}/kept.jsonl`;
  const { printed, code } = await simulated(...words);
  expect(code).toBe(1);
  expect(printed).toContain(
    `\nSeed 1 could not be kept. The file of kept seeds ${kept} cannot be written: `,
  );
  expect(printed).not.toContain("From now on");
  expect(printed).toEndWith("0 passed, 1 failed\n");
});
