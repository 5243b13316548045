import { port, t } from "#runtime";

/** Where secrets come from. */
export interface Entropy {
  /** That many bytes that nobody can guess. */
  bytes(count: number): Uint8Array;
}

/** The randomness behind tokens: the world's, which only a test can repeat. */
export const entropy = port("users.entropy", {
  settings: t.Object({}),
  open: (_settings, world): Entropy => ({ bytes: (count) => world.randomBytes(count) }),
});
