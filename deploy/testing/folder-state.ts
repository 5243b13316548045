import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync } from "node:fs";

/**
 * What lies in a folder: each path with its rights and a digest of its content. Without what a mere
 * reader leaves beside a database: its shared memory (`-shm`) and an empty log (`-wal`).
 */
export function folderState(folder: string): Record<string, string> {
  const state: Record<string, string> = { ".": rightsOf(folder) };
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }).toSorted()) {
    const path = `${folder}/${name}`;
    if (name.endsWith("-shm") || (name.endsWith("-wal") && lstatSync(path).size === 0)) continue;
    const content = lstatSync(path).isFile() ? digestOf(path) : "";
    state[name] = `${rightsOf(path)} ${content}`.trim();
  }
  return state;
}

function rightsOf(path: string): string {
  return (lstatSync(path).mode & 0o777).toString(8);
}

function digestOf(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}
