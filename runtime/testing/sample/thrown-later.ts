/** Throws an error that nobody can catch, after all that is under way has come to its end. */
export function throwLater(): void {
  queueMicrotask(() => {
    throw new Error("thrown later");
  });
}
