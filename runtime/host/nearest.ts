/** The one of the names that is spelled most like what was given; undefined when there are none. */
export function nearest(given: string, names: readonly string[]): string | undefined {
  return names.toSorted((one, other) => distance(given, one) - distance(given, other))[0];
}

/** How many letters must be added, removed or changed to make one text of the other. */
function distance(one: string, other: string): number {
  let previous = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= one.length; row++) {
    const current = [row];
    for (let column = 1; column <= other.length; column++) {
      const change = one[row - 1] === other[column - 1] ? 0 : 1;
      const replaced = (previous[column - 1] ?? 0) + change;
      const removed = (previous[column] ?? 0) + 1;
      current.push(Math.min(replaced, removed, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[other.length] ?? 0;
}
