import { expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { digestsOf } from "./digests.ts";

const SEEDS = 100;
const script = fileURLToPath(new URL("digests.ts", import.meta.url));

test("a run is the same by the same seed, also in another process and under load", async () => {
  const busy = Bun.spawn([process.execPath, "--eval", "for (;;);"]);
  try {
    const other = Bun.spawn([process.execPath, script, String(SEEDS)], { stdout: "pipe" });
    const here = digestsOf(SEEDS);
    const there: unknown = JSON.parse(await new Response(other.stdout).text());
    expect(there).toEqual(here);
    expect(new Set(here).size).toBe(SEEDS);
  } finally {
    busy.kill();
  }
}, 120_000);
