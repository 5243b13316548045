/**
 * Finds a set of faults, as small as can be had within `runsMax` runs, with which a run still
 * fails.
 *
 * `fails` runs with these faults alone. It halves what it leaves out until single faults are left
 * (delta debugging, after Zeller).
 */
export function shrunk(
  faults: readonly string[],
  fails: (only: ReadonlySet<string>) => boolean,
  { runsMax }: { readonly runsMax: number },
): readonly string[] {
  let left = faults;
  let runs = 0;
  let size = Math.ceil(left.length / 2);
  while (size >= 1 && left.length > 0 && runs < runsMax) {
    let smaller: readonly string[] | undefined;
    for (let from = 0; from < left.length && runs < runsMax; from += size) {
      const without = [...left.slice(0, from), ...left.slice(from + size)];
      runs += 1;
      if (!fails(new Set(without))) continue;
      smaller = without;
      break;
    }
    if (smaller !== undefined) left = smaller;
    else if (size === 1) break;
    else size = Math.ceil(size / 2);
    size = Math.min(size, Math.max(1, left.length));
  }
  return left;
}
