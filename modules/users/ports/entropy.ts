import { port, t } from "#runtime";

/** Where secrets come from. */
export interface Entropy {
  /** That many bytes that nobody can guess. */
  bytes(count: number): Uint8Array<ArrayBuffer>;
}

/** The randomness behind keys and tokens: the operating system's, which no seed repeats. */
export const entropy = port("users.entropy", {
  settings: t.Object({}),
  open: (): Entropy => ({ bytes: (count) => crypto.getRandomValues(new Uint8Array(count)) }),
});
