import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

export const accounts = sqliteTable("accounts", {
  id: text("id").primaryKey(),
  email: text("email").notNull().unique(),
  name: text("name").notNull(),
  role: text("role", { enum: ["customer", "staff", "admin"] }).notNull(),
  passwordHash: text("password_hash").notNull(),
  /**
   * Counts each registration of the address, so that a second one costs the same commit as the
   * first.
   */
  registrations: integer("registrations").notNull(),
  createdAtMs: integer("created_at_ms").notNull(),
});

/** The failed logins of an address, known or not: only its fingerprint is kept. */
export const loginFailures = sqliteTable("login_failures", {
  /** Rises with every failure, so the lowest are the ones that failed longest ago. */
  id: integer("id").primaryKey({ autoIncrement: true }),
  address: text("address").notNull().unique(),
  count: integer("count").notNull(),
  lastFailedAtMs: integer("last_failed_at_ms").notNull(),
});

export const sessions = sqliteTable("sessions", {
  id: text("id").primaryKey(),
  userId: text("user_id").notNull(),
  openedAtMs: integer("opened_at_ms").notNull(),
  endsAtMs: integer("ends_at_ms").notNull(),
});

export const refreshTokens = sqliteTable("refresh_tokens", {
  fingerprint: text("fingerprint").primaryKey(),
  sessionId: text("session_id").notNull(),
  usedAtMs: integer("used_at_ms"),
});

/** Ed25519 keys, in the members of a JWK. */
export const signingKeys = sqliteTable("signing_keys", {
  kid: text("kid").primaryKey(),
  /** The public half. */
  x: text("x").notNull(),
  /** The private half. */
  d: text("d").notNull(),
  madeAtMs: integer("made_at_ms").notNull(),
});

export const secrets = sqliteTable("secrets", {
  name: text("name").primaryKey(),
  value: text("value").notNull(),
});
