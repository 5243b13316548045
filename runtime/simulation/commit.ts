/** The digits of a commit by which people know it, and from which its seeds are drawn. */
const DIGITS = 7;

/** The commit that a folder is of, with `-dirty` when files differ from it; if git knows. */
export function commitOf(folder: string): string | undefined {
  const words = ["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"];
  try {
    const { exitCode, stdout } = Bun.spawnSync(["git", ...words], { cwd: folder });
    const commit = stdout.toString().trim();
    return exitCode === 0 && /^[0-9a-f]{40}/.test(commit) ? commit : undefined;
  } catch {
    // There is no git on this machine.
    return undefined;
  }
}

/** The first seed of a commit: its first seven digits, read as a hexadecimal number. */
export function firstSeedOf(commit: string): number {
  return Number.parseInt(commit.slice(0, DIGITS), 16);
}
