import { port, t } from "#runtime";

/** What one hash costs: 19 MiB and about 40 ms, the least that OWASP advises for argon2id. */
const cost = { algorithm: "argon2id", memoryCost: 19_456, timeCost: 2 } as const;

/** A hash of that cost of a password that nobody has, to be checked where there is no account. */
const nobodysHash = [
  "$argon2id$v=19$m=19456,t=2,p=1",
  "/50z1x7o5vDi1IyZ0DM5wMmtR6qc9s66RXkvZEq3Xlw",
  "pU1x0ytkmFSq5JcIGnyJxwZ8inwQWBVXNKpdxd5NJ9c",
].join("$");

/** Hashes and checks passwords, a few at a time. */
export interface Hashing {
  /** The hash of a password; undefined when too many are waiting already. */
  hash(password: string): Promise<string | undefined>;

  /**
   * Whether a password belongs to a hash; undefined when too many are waiting already. Without a
   * hash the answer is false and takes as long.
   */
  matches(password: string, hash: string | undefined): Promise<boolean | undefined>;
}

/**
 * Argon2id behind a bulkhead: two at a time and sixteen waiting, or logins would take all cores.
 */
export const hashing = port("users.hashing", {
  settings: t.Object({}),
  open: (): Hashing => {
    const admit = bulkhead({ runningMax: 2, waitingMax: 16 });
    return {
      hash: (password) => admit(() => Bun.password.hash(password, cost)),
      matches: (password, hash) =>
        admit(async () => {
          const isRight = await Bun.password.verify(password, hash ?? nobodysHash);
          return isRight && hash !== undefined;
        }),
    };
  },
});

/**
 * Runs `runningMax` pieces of work at a time, in order; past `waitingMax` waiting it answers
 * undefined.
 */
function bulkhead({ runningMax, waitingMax }: { runningMax: number; waitingMax: number }) {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async function admit<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (running < runningMax) running += 1;
    else if (waiting.length >= waitingMax) return undefined;
    else await new Promise<void>((start) => waiting.push(start));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
