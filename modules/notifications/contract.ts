import { command, contract, event, query, t } from "#runtime";

const Id = t.String({ minLength: 1, maxLength: 80 });
const State = t.Union([t.Literal("queued"), t.Literal("sent"), t.Literal("dead")]);
const Mail = t.Object({
  notificationId: Id,
  template: t.String(),
  to: t.String(),
  subject: t.String(),
  text: t.String(),
  state: State,
  attempts: t.Integer(),
  createdAtMs: t.Integer(),
});

const Newest = t.Object({
  to: t.Optional(t.String({ maxLength: 320 })),
  limit: t.Integer({ minimum: 1, maximum: 100 }),
});

/** What notifications promises: one mail for each fact, sent once it is committed. */
export const notifications = contract("notifications", {
  /** The newest mails, to anyone or to one address, for staff. */
  mailbox: query({
    ownerOnly: true,
    input: Newest,
    output: t.Array(Mail, { maxItems: 100 }),
    errors: { MAILBOX_NOT_FOUND: t.Object({}) },
  }),

  /** The same for everyone, where mails go nowhere: in development, without a mail server. */
  developmentMailbox: query({
    ownerOnly: true,
    input: Newest,
    output: t.Array(Mail, { maxItems: 100 }),
    errors: { MAILBOX_NOT_FOUND: t.Object({}) },
  }),

  /**
   * Sends a queued mail and records it; when that fails it plans the next attempt, or gives up. It
   * is scheduled with each mail. Repeating it changes nothing once the mail is sent or given up.
   */
  deliverMail: command({
    input: t.Object({ notificationId: Id }),
    output: t.Object({ state: State }),
    errors: { MAIL_NOT_FOUND: t.Object({ notificationId: Id }) },
  }),

  mailSent: event(1, t.Object({ notificationId: Id, template: t.String() })),
  mailGivenUp: event(1, t.Object({ notificationId: Id, template: t.String(), reason: t.String() })),
});
