import { join } from "node:path";
import type { Fired, Load } from "./fire.ts";

/** Fires a load from another process, as the world would. */
export async function fireFromOutside(load: Load): Promise<Fired> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "main.ts")], {
    stdin: new Blob([JSON.stringify(load)]),
    stdout: "pipe",
    stderr: "inherit",
  });
  const fired: Fired = JSON.parse(await new Response(child.stdout).text());
  await child.exited;
  return fired;
}
