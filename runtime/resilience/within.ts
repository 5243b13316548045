import type { Environment } from "../contract/environment.ts";

/** Waits for `work`, at most `ms`; tells whether it has ended by then. */
export function within(
  { after }: Pick<Environment, "after">,
  ms: number,
  work: Promise<unknown>,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const cancel = after(ms, () => resolve(false));
    work.then(() => resolve(true), reject).finally(cancel);
  });
}
