import { handler, type Read } from "#runtime";
import { users } from "../contract.ts";
import { blockedMs, oneMore } from "../domain/attempts.ts";
import { ACCESS_TOKEN_SECONDS } from "../domain/keys.ts";
import { normaliseEmail } from "../domain/passwords.ts";
import { fingerprint } from "../domain/refresh-tokens.ts";
import { endsAtMs, SESSIONS_MAX } from "../domain/sessions.ts";
import { currentKey } from "../key-ring.ts";
import { entropy } from "../ports/entropy.ts";
import { hashing } from "../ports/hashing.ts";
import { signing } from "../ports/signing.ts";
import {
  accountByEmail,
  addSession,
  clearSessions,
  failuresOf,
  forgetFailures,
  keepFailures,
} from "../store.ts";

/**
 * Attempts that run side by side cannot outrun the count: one that was blocked by the time it was
 * checked is refused without saying whether it was right. A wrong one counts once, however often it
 * is repeated with its key.
 */
export const logIn = handler(users.logIn, async (input, context) => {
  const { read, transaction, intent, port, newId, now, fail } = context;
  const email = normaliseEmail(input.email);
  const address = fingerprint(email);
  const tooMany = (retryAfterSeconds: number) => fail("TOO_MANY_ATTEMPTS", { retryAfterSeconds });

  const waitSeconds = blockedSeconds(read, address, now());
  if (waitSeconds > 0) throw tooMany(waitSeconds);

  const account = accountByEmail(read, email);
  const isRight = await port(hashing).matches(input.password, account?.passwordHash);
  if (isRight === undefined) throw tooMany(1);
  if (!isRight || account === undefined) {
    return transaction((tx) => {
      const wait = blockedSeconds(tx, address, tx.now);
      if (wait > 0) throw tooMany(wait);
      keepFailures(tx, address, oneMore(failuresOf(tx, address), tx.now));
      return fail("INVALID_CREDENTIALS", {});
    });
  }

  const { user } = account;
  const sessionId = newId("ses");
  const key = await currentKey({ read, intent, now, signing: port(signing) });
  const claims = { userId: user.userId, role: user.role, sessionId, issuedAtMs: now() };
  const accessToken = await port(signing).sign(key, claims);
  const refreshToken = port(entropy)
    .bytes(32)
    .toBase64({ alphabet: "base64url", omitPadding: true });

  return transaction((tx) => {
    const wait = blockedSeconds(tx, address, tx.now);
    if (wait > 0) throw tooMany(wait);
    forgetFailures(tx, address);
    addSession(tx, {
      id: sessionId,
      userId: user.userId,
      openedAtMs: tx.now,
      endsAtMs: endsAtMs({ openedAtMs: tx.now, nowMs: tx.now }),
      token: fingerprint(refreshToken),
    });
    clearSessions(tx, { userId: user.userId, keptMax: SESSIONS_MAX, nowMs: tx.now });
    return { accessToken, refreshToken, expiresIn: ACCESS_TOKEN_SECONDS, user };
  });
});

function blockedSeconds(on: Read, address: string, nowMs: number): number {
  return Math.ceil(blockedMs(failuresOf(on, address), nowMs) / 1_000);
}
