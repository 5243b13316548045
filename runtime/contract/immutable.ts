const marked = new WeakSet<object>();

/**
 * Freezes a value and all that it holds, and returns it.
 *
 * A query that is asked for the same again and again may keep such an answer: it is checked and
 * written as JSON once, not each time it goes out.
 */
export function immutable<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  freeze(value, new Set());
  marked.add(value);
  return value;
}

/** Tells whether `immutable` has been over a value. */
export function isImmutable(value: unknown): boolean {
  // A value that is no object is not found in the set.
  return marked.has(value as object);
}

/** What is frozen already is looked into as well: it may hold what is not. */
function freeze(value: object, seen: Set<object>): void {
  if (seen.has(value)) return;
  seen.add(Object.freeze(value));
  for (const held of Object.values(value)) {
    if (typeof held === "object" && held !== null) freeze(held, seen);
  }
}
