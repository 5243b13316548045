import { readFileSync } from "node:fs";
import type { Environment } from "../contract/environment.ts";

const LOOK_EVERY_MS = 1_000;

/**
 * Calls `gone` once when the npx that this process was started through has ended.
 *
 * npx passes no signal on: told to stop, it ends, and with it the shell below it, while `bun start`
 * and the shop below that would go on without anybody who knows of them. Seen from here, the parent
 * of our parent changes. Nothing is watched unless npx is up there, or where there is no /proc.
 */
export function watchLauncher(environment: Environment, gone: () => void): void {
  const shell = parentOf(process.ppid);
  if (shell === undefined || !isNpx(parentOf(shell))) return;
  const look = () => {
    if (parentOf(process.ppid) === shell) environment.after(LOOK_EVERY_MS, look);
    else gone();
  };
  environment.after(LOOK_EVERY_MS, look);
}

function parentOf(pid: number): number | undefined {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

function isNpx(pid: number | undefined): boolean {
  return /^npm exec\b/.test(read(`/proc/${pid}/cmdline`) ?? "");
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
