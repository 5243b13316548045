import { existsSync } from "node:fs";
import { join } from "node:path";

/** Installs what the benchmark measures beside ours, as locked, when it is missing. */
export function installPeers(): void {
  if (existsSync(join(import.meta.dir, "node_modules"))) return;
  const { exitCode, stderr } = Bun.spawnSync(
    [process.execPath, "install", "--frozen-lockfile", "--silent"],
    { cwd: import.meta.dir },
  );
  if (exitCode === 0) return;
  throw new Error(`The peers of the benchmark could not be installed: ${stderr.toString()}`);
}
