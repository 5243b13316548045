import { and, asc, desc, eq, isNotNull, lt, sql } from "drizzle-orm";
import { type Read, reads, type Write, writes } from "#runtime";
import type { Failures } from "./domain/attempts.ts";
import type { SigningKey } from "./domain/keys.ts";
import * as schema from "./schema.ts";
import {
  accounts,
  loginFailures,
  refreshTokens,
  secrets,
  sessions,
  signingKeys,
} from "./schema.ts";

/**
 * The addresses whose failures are kept; past it the ones that failed longest ago are forgotten.
 */
const FAILING_ADDRESSES_MAX = 100_000;
/** The ended sessions that one new session clears away. */
const CLEARED_MAX = 20;

const slot = sql.placeholder;

const read = reads(schema, { stablePlans: true }, (db) => {
  const user = {
    userId: accounts.id,
    email: accounts.email,
    name: accounts.name,
    role: accounts.role,
  };
  return {
    userById: db
      .select(user)
      .from(accounts)
      .where(eq(accounts.id, slot("id")))
      .prepare(),
    accountByEmail: db
      .select({ user, passwordHash: accounts.passwordHash })
      .from(accounts)
      .where(eq(accounts.email, slot("email")))
      .prepare(),
    failures: db
      .select({ count: loginFailures.count, lastFailedAtMs: loginFailures.lastFailedAtMs })
      .from(loginFailures)
      .where(eq(loginFailures.address, slot("address")))
      .prepare(),
    token: db
      .select({
        sessionId: sessions.id,
        usedAtMs: refreshTokens.usedAtMs,
        openedAtMs: sessions.openedAtMs,
        endsAtMs: sessions.endsAtMs,
        user,
      })
      .from(refreshTokens)
      .innerJoin(sessions, eq(sessions.id, refreshTokens.sessionId))
      .innerJoin(accounts, eq(accounts.id, sessions.userId))
      .where(eq(refreshTokens.fingerprint, slot("fingerprint")))
      .prepare(),
    sessionsOf: db
      .select({ id: sessions.id })
      .from(sessions)
      .where(eq(sessions.userId, slot("userId")))
      .orderBy(desc(sessions.openedAtMs), desc(sessions.id))
      .limit(CLEARED_MAX)
      .offset(slot("offset"))
      .prepare(),
    sessionsEnded: db
      .select({ id: sessions.id })
      .from(sessions)
      .where(lt(sessions.endsAtMs, slot("beforeMs")))
      .orderBy(asc(sessions.endsAtMs))
      .limit(CLEARED_MAX)
      .prepare(),
    keys: db
      .select()
      .from(signingKeys)
      .orderBy(desc(signingKeys.madeAtMs), desc(signingKeys.kid))
      .prepare(),
    secret: db
      .select({ value: secrets.value })
      .from(secrets)
      .where(eq(secrets.name, slot("name")))
      .prepare(),
  };
});

const write = writes(schema, { stablePlans: true }, (db) => ({
  insertAccount: db
    .insert(accounts)
    .values({
      id: slot("id"),
      email: slot("email"),
      name: slot("name"),
      role: slot("role"),
      passwordHash: slot("passwordHash"),
      registrations: 1,
      createdAtMs: slot("createdAtMs"),
    })
    .onConflictDoUpdate({
      target: accounts.email,
      set: { registrations: sql`${accounts.registrations} + 1` },
    })
    .returning({ registrations: accounts.registrations })
    .prepare(),
  deleteFailures: db
    .delete(loginFailures)
    .where(eq(loginFailures.address, slot("address")))
    .prepare(),
  insertFailures: db
    .insert(loginFailures)
    .values({
      address: slot("address"),
      count: slot("count"),
      lastFailedAtMs: slot("lastFailedAtMs"),
    })
    .prepare(),
  deleteOldestFailures: db
    .delete(loginFailures)
    .where(
      lt(
        loginFailures.id,
        sql`(select max(${loginFailures.id}) from ${loginFailures}) - ${FAILING_ADDRESSES_MAX}`,
      ),
    )
    .prepare(),
  insertSession: db
    .insert(sessions)
    .values({
      id: slot("id"),
      userId: slot("userId"),
      openedAtMs: slot("openedAtMs"),
      endsAtMs: slot("endsAtMs"),
    })
    .prepare(),
  prolongSession: db
    .update(sessions)
    .set({ endsAtMs: sql`${slot("endsAtMs")}` })
    .where(eq(sessions.id, slot("id")))
    .prepare(),
  deleteSession: db
    .delete(sessions)
    .where(eq(sessions.id, slot("id")))
    .prepare(),
  insertToken: db
    .insert(refreshTokens)
    .values({ fingerprint: slot("fingerprint"), sessionId: slot("sessionId") })
    .prepare(),
  useToken: db
    .update(refreshTokens)
    .set({ usedAtMs: sql`${slot("usedAtMs")}` })
    .where(eq(refreshTokens.fingerprint, slot("fingerprint")))
    .prepare(),
  deleteTokens: db
    .delete(refreshTokens)
    .where(eq(refreshTokens.sessionId, slot("sessionId")))
    .prepare(),
  deleteUsedTokens: db
    .delete(refreshTokens)
    .where(
      and(
        eq(refreshTokens.sessionId, slot("sessionId")),
        isNotNull(refreshTokens.usedAtMs),
        lt(refreshTokens.usedAtMs, slot("beforeMs")),
      ),
    )
    .prepare(),
  insertKey: db
    .insert(signingKeys)
    .values({ kid: slot("kid"), x: slot("x"), d: slot("d"), madeAtMs: slot("madeAtMs") })
    .prepare(),
  deleteKey: db
    .delete(signingKeys)
    .where(eq(signingKeys.kid, slot("kid")))
    .prepare(),
  insertSecret: db
    .insert(secrets)
    .values({ name: slot("name"), value: slot("value") })
    .prepare(),
}));

// --- Accounts. ---

export function userById(on: Read, id: string) {
  return read(on).userById.get({ id });
}

export function accountByEmail(on: Read, email: string) {
  return read(on).accountByEmail.get({ email });
}

export interface NewAccount {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: "customer" | "staff" | "admin";
  readonly passwordHash: string;
  readonly createdAtMs: number;
}

/** Keeps an account; false when its address has one, which is left as it is. */
export function addAccount(tx: Write, account: NewAccount): boolean {
  return write(tx).insertAccount.get({ ...account }).registrations === 1;
}

// --- Failed logins. ---

export function failuresOf(on: Read, address: string): Failures | undefined {
  return read(on).failures.get({ address });
}

/**
 * Keeps an address's failures as its newest entry, and forgets the oldest when there are too many.
 */
export function keepFailures(tx: Write, address: string, failures: Failures): void {
  forgetFailures(tx, address);
  write(tx).insertFailures.run({ address, ...failures });
  write(tx).deleteOldestFailures.run();
}

export function forgetFailures(tx: Write, address: string): void {
  write(tx).deleteFailures.run({ address });
}

// --- Sessions and their refresh tokens. ---

export interface NewSession {
  readonly id: string;
  readonly userId: string;
  readonly openedAtMs: number;
  readonly endsAtMs: number;
  /** The fingerprint of its first refresh token. */
  readonly token: string;
}

/** Opens a session with its first token. */
export function addSession(tx: Write, { token, ...session }: NewSession): void {
  write(tx).insertSession.run(session);
  write(tx).insertToken.run({ fingerprint: token, sessionId: session.id });
}

/** Clears away some sessions that are over, and those that a user has beyond `keptMax`. */
export function clearSessions(
  tx: Write,
  { userId, keptMax, nowMs }: { userId: string; keptMax: number; nowMs: number },
): void {
  const over = read(tx).sessionsEnded.all({ beforeMs: nowMs });
  const beyond = read(tx).sessionsOf.all({ userId, offset: keptMax });
  for (const { id } of [...over, ...beyond]) endSession(tx, id);
}

/** Ends a session; every token of it is unknown from then on. */
export function endSession(tx: Write, id: string): void {
  write(tx).deleteTokens.run({ sessionId: id });
  write(tx).deleteSession.run({ id });
}

/** A refresh token with its session and user. */
export function tokenOf(on: Read, fingerprint: string) {
  return read(on).token.get({ fingerprint });
}

export interface Exchange {
  readonly sessionId: string;
  readonly token: string;
  readonly successor: string;
  readonly nowMs: number;
  readonly endsAtMs: number;
  /** Tokens used before it are forgotten. */
  readonly forgetBeforeMs: number;
}

/** Uses a token up, puts its successor in its place and prolongs the session. */
export function exchangeToken(tx: Write, exchange: Exchange): void {
  const { sessionId, token, successor, nowMs, endsAtMs, forgetBeforeMs } = exchange;
  write(tx).useToken.run({ fingerprint: token, usedAtMs: nowMs });
  write(tx).insertToken.run({ fingerprint: successor, sessionId });
  write(tx).prolongSession.run({ id: sessionId, endsAtMs });
  write(tx).deleteUsedTokens.run({ sessionId, beforeMs: forgetBeforeMs });
}

// --- Keys. ---

/** All signing keys, newest first. */
export function keysOf(on: Read): SigningKey[] {
  return read(on).keys.all();
}

export function addKey(tx: Write, key: SigningKey): void {
  write(tx).insertKey.run({ ...key });
}

export function removeKey(tx: Write, kid: string): void {
  write(tx).deleteKey.run({ kid });
}

export function secretOf(on: Read, name: string): string | undefined {
  return read(on).secret.get({ name })?.value;
}

export function addSecret(tx: Write, name: string, value: string): void {
  write(tx).insertSecret.run({ name, value });
}
