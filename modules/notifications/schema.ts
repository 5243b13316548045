import { integer, sqliteTable, text, unique } from "drizzle-orm/sqlite-core";

export const mails = sqliteTable(
  "mails",
  {
    /** Rises with every mail: several are made within a millisecond. */
    position: integer("position").primaryKey({ autoIncrement: true }),
    id: text("id").notNull().unique(),
    template: text("template").notNull(),
    /**
     * What the mail is about: with template and recipient it names the mail, so none is queued
     * twice.
     */
    about: text("about").notNull(),
    recipient: text("recipient").notNull(),
    subject: text("subject").notNull(),
    text: text("text").notNull(),
    linkPath: text("link_path"),
    /** The order that the link opens; its token is asked for when the mail is sent. */
    orderId: text("order_id"),
    state: text("state", { enum: ["queued", "sent", "dead"] }).notNull(),
    attempts: integer("attempts").notNull(),
    createdAtMs: integer("created_at_ms").notNull(),
  },
  (table) => [unique("mails_once").on(table.template, table.about, table.recipient)],
);
