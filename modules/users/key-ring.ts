import type { Read, Write } from "#runtime";
import { isWornOut, type SigningKey, stillTrusted } from "./domain/keys.ts";
import type { Signing } from "./ports/signing.ts";
import { addKey, keysOf, removeKey } from "./store.ts";

/** The key to sign with now; a new one is made by the first caller and whenever one is worn out. */
export async function currentKey({ read, intent, signing, now }: KeyRing): Promise<SigningKey> {
  const newest = keysOf(read)[0];
  if (newest !== undefined && !isWornOut(newest, now())) return newest;
  const made = await signing.makeKey(now());
  return intent((tx) => keepIfDue(tx, made));
}

/** Where signing keys are kept, and what makes a new one. */
export interface KeyRing {
  readonly read: Read;
  readonly signing: Pick<Signing, "makeKey">;
  intent(work: (tx: Write) => SigningKey): Promise<SigningKey>;
  now(): number;
}

/** Of several callers that made a key at once, the first one's is kept, and signs for all. */
function keepIfDue(tx: Write, made: SigningKey): SigningKey {
  const known = keysOf(tx);
  const [newest] = known;
  if (newest !== undefined && !isWornOut(newest, made.madeAtMs)) return newest;
  addKey(tx, made);
  const trusted = stillTrusted([made, ...known], made.madeAtMs);
  for (const key of known) if (!trusted.includes(key)) removeKey(tx, key.kid);
  return made;
}
