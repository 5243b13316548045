import { expect, test } from "bun:test";
import { stepBugs } from "./planted/steps.ts";

/** What trips find in a process of their own, with a planted bug or none. */
async function found(bug: string): Promise<string[]> {
  const script = new URL("hunt-trips.ts", import.meta.url).pathname;
  const child = Bun.spawn([process.execPath, script, bug], { stdout: "pipe", stderr: "pipe" });
  const [told, failed] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if ((await child.exited) !== 0) throw new Error(`The trips failed: ${failed}`);
  return JSON.parse(told);
}

test("steps that are repeated have each effect once, whatever is broken", async () => {
  expect(await found("")).toEqual([]);
}, 120_000);

test.each(stepBugs.map((bug) => [bug.name, bug.says] as const))(
  "a planted bug is found: %s",
  async (name, says) => {
    expect((await found(name)).join("\n")).toMatch(says);
  },
  120_000,
);
