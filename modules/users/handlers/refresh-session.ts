import { handler, type Transaction } from "#runtime";
import { users } from "../contract.ts";
import { ACCESS_TOKEN_SECONDS } from "../domain/keys.ts";
import { fingerprint, successorOf } from "../domain/refresh-tokens.ts";
import { endsAtMs, forgottenBeforeMs, useOf } from "../domain/sessions.ts";
import { currentKey } from "../key-ring.ts";
import { type Entropy, entropy } from "../ports/entropy.ts";
import { signing } from "../ports/signing.ts";
import { addSecret, endSession, exchangeToken, secretOf, tokenOf } from "../store.ts";

/**
 * The exchange is committed before the access token is signed; the same token repeats its answer.
 */
export const refreshSession = handler(users.refreshSession, async ({ refreshToken }, context) => {
  const { read, transaction, intent, port, now, fail } = context;
  const exchanged = await intent((tx) => exchange(tx, refreshToken, port(entropy)));
  if (exchanged === undefined) throw fail("INVALID_TOKEN", {});

  const { successor, user, sessionId, issuedAtMs } = exchanged;
  const key = await currentKey({ read, intent, now, signing: port(signing) });
  const claims = { userId: user.userId, role: user.role, sessionId, issuedAtMs };
  const accessToken = await port(signing).sign(key, claims);
  return transaction(() => ({
    accessToken,
    refreshToken: successor,
    expiresIn: ACCESS_TOKEN_SECONDS,
    user,
  }));
});

/** Undefined when the token is good for nothing; one that comes twice takes its session with it. */
function exchange(tx: Transaction, refreshToken: string, source: Entropy) {
  const token = fingerprint(refreshToken);
  const found = tokenOf(tx, token);
  if (found === undefined || found.endsAtMs <= tx.now) return undefined;

  const { sessionId, user, usedAtMs } = found;
  const successor = successorOf(refreshToken, refreshSecret(tx, source));
  const next = fingerprint(successor);
  const successorUsed = tokenOf(tx, next)?.usedAtMs !== null;
  const use = useOf({ usedAtMs, successorUsed }, tx.now);
  if (use === "stolen") {
    endSession(tx, sessionId);
    const reason = "a used refresh token came again";
    tx.emit(users.sessionRevoked, { userId: user.userId, sessionId, reason });
    return undefined;
  }
  if (use === "first") {
    exchangeToken(tx, {
      sessionId,
      token,
      successor: next,
      nowMs: tx.now,
      endsAtMs: endsAtMs({ openedAtMs: found.openedAtMs, nowMs: tx.now }),
      forgetBeforeMs: forgottenBeforeMs(tx.now),
    });
  }
  return { successor, user, sessionId, issuedAtMs: usedAtMs ?? tx.now };
}

/** The secret that successors are derived with, made when first asked for. */
function refreshSecret(tx: Transaction, source: Entropy): string {
  const known = secretOf(tx, "refresh");
  if (known !== undefined) return known;
  const made = source.bytes(32).toBase64();
  addSecret(tx, "refresh", made);
  return made;
}
