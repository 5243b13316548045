import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Sqlite } from "./connection.ts";
import { syncFolder } from "./durable-file.ts";

/** Where a copy of a database is to lie, how the paths of its copies begin, and how many stay. */
export interface Copy {
  readonly path: string;
  readonly prefix: string;
  readonly copiesMax: number;
}

/** The end of the name of a copy that is being written. */
const PARTIAL = ".partial";

/**
 * Writes what an open database holds to a file of its own.
 *
 * It is there whole or not at all, and on the disk when this returns: it is written under another
 * name, synced and renamed. What an earlier attempt left, cut short by a crash, is removed; so are
 * the oldest files whose paths begin with `prefix`, but for `copiesMax`. Row ids stay as they are.
 */
export function copyDatabase(sqlite: Sqlite, { path, prefix, copiesMax }: Copy): void {
  const partial = `${path}${PARTIAL}`;
  for (const one of filesOf(prefix)) if (one.endsWith(PARTIAL)) rmSync(one);
  try {
    sqlite.prepare("VACUUM INTO ?").run(partial);
    sync(partial);
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
  const newestFirst = filesOf(prefix)
    .map((file) => ({ file, atMs: file === path ? Number.POSITIVE_INFINITY : changedAtMs(file) }))
    .sort((a, b) => b.atMs - a.atMs);
  for (const { file } of newestFirst.slice(copiesMax)) rmSync(file);
}

function filesOf(prefix: string): string[] {
  const folder = dirname(prefix);
  const beginning = basename(prefix);
  const names = readdirSync(folder).filter((name) => name.startsWith(beginning));
  return names.map((name) => join(folder, name));
}

function changedAtMs(file: string): number {
  return statSync(file).mtimeMs;
}

function sync(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
