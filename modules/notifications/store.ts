import { and, count, desc, eq, gte, lt, ne, sql } from "drizzle-orm";
import { type Read, reads, type Write, writes } from "#runtime";
import { type Template, wholeText } from "./domain.ts";
import * as schema from "./schema.ts";
import { mails } from "./schema.ts";

/** Bytes of the texts that are shown at once, at most: half of what an answer may have. */
const SHOWN_BYTES_MAX = 512 * 1024;
const slot = sql.placeholder;

const read = reads(schema, (db) => {
  const newest = () => db.select().from(mails).orderBy(desc(mails.position)).limit(slot("limit"));
  return {
    newest: newest().prepare(),
    newestTo: newest()
      .where(eq(mails.recipient, slot("to")))
      .prepare(),
    mail: db
      .select()
      .from(mails)
      .where(eq(mails.id, slot("id")))
      .prepare(),
    countAbout: db
      .select({ count: count() })
      .from(mails)
      .where(
        and(
          eq(mails.template, slot("template")),
          gte(mails.about, slot("from")),
          lt(mails.about, slot("to")),
        ),
      )
      .prepare(),
  };
});

const write = writes(schema, (db) => ({
  insert: db
    .insert(mails)
    .values({
      id: slot("id"),
      template: slot("template"),
      about: slot("about"),
      recipient: slot("recipient"),
      subject: slot("subject"),
      text: slot("text"),
      linkPath: slot("linkPath"),
      orderId: slot("orderId"),
      state: "queued",
      attempts: 0,
      createdAtMs: slot("createdAtMs"),
    })
    .onConflictDoNothing()
    .prepare(),
  begin: db
    .update(mails)
    .set({ attempts: sql`${mails.attempts} + 1` })
    .where(and(eq(mails.id, slot("id")), eq(mails.state, "queued")))
    .prepare(),
  takeBack: db
    .update(mails)
    .set({ attempts: sql`${mails.attempts} - 1` })
    .where(and(eq(mails.id, slot("id")), eq(mails.state, "queued")))
    .prepare(),
  sent: db
    .update(mails)
    .set({ state: "sent" })
    .where(and(eq(mails.id, slot("id")), ne(mails.state, "sent")))
    .prepare(),
  dead: db
    .update(mails)
    .set({ state: "dead" })
    .where(and(eq(mails.id, slot("id")), eq(mails.state, "queued")))
    .prepare(),
}));

/** A mail as it is kept. */
export type StoredMail = typeof mails.$inferSelect;

/** Newest first, to anyone or to one address in whatever case. */
export function newestMails(
  on: Read,
  { to, limit }: { readonly to?: string; readonly limit: number },
): StoredMail[] {
  return to === undefined ? read(on).newest.all({ limit }) : read(on).newestTo.all({ to, limit });
}

/**
 * Mails as they are shown, with their links as addresses, which the tokens of their orders open: no
 * more than fit one answer.
 */
export function shownMails(
  found: readonly StoredMail[],
  publicUrl: string,
  tokenOf: ReadonlyMap<string, string | undefined> = new Map(),
) {
  let bytes = 0;
  return found.flatMap((mail) => {
    const text = wholeText(mail, publicUrl, tokenOf.get(mail.orderId ?? ""));
    bytes += Buffer.byteLength(text);
    if (bytes > SHOWN_BYTES_MAX) return [];
    return {
      notificationId: mail.id,
      template: mail.template,
      to: mail.recipient,
      subject: mail.subject,
      text,
      state: mail.state,
      attempts: mail.attempts,
      createdAtMs: mail.createdAtMs,
    };
  });
}

/** How many mails of a template are about `about#…`. */
export function countNumbered(on: Read, template: Template, about: string): number {
  return read(on).countAbout.get({ template, from: `${about}#`, to: `${about}$` })?.count ?? 0;
}

export type NewMail = Omit<StoredMail, "position" | "state" | "attempts" | "template"> & {
  readonly template: Template;
};

/** Queues a mail; false when this fact, template and recipient have one. */
export function addMail(tx: Write, mail: NewMail): boolean {
  return write(tx).insert.run({ ...mail }).changes === 1;
}

/** Counts an attempt at a mail that is still queued, and returns the mail as it then is. */
export function beginAttempt(tx: Write, id: string): StoredMail | undefined {
  write(tx).begin.run({ id });
  return read(tx).mail.get({ id });
}

/** Takes back an attempt that was counted and then not made. */
export function takeBackAttempt(tx: Write, id: string): void {
  write(tx).takeBack.run({ id });
}

/** False when it was recorded as sent before. */
export function recordSent(tx: Write, id: string): boolean {
  return write(tx).sent.run({ id }).changes === 1;
}

/** False when it was sent or given up before. */
export function recordDead(tx: Write, id: string): boolean {
  return write(tx).dead.run({ id }).changes === 1;
}
