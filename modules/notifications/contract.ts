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

/** What notifications promises: one mail for each fact, sent once it is committed. */
export const notifications = contract("notifications", {
  /** The newest mails, for the development mailbox and for staff. */
  mailbox: query({
    input: t.Object({
      to: t.Optional(t.String({ maxLength: 320 })),
      limit: t.Integer({ minimum: 1, maximum: 100 }),
    }),
    output: t.Array(Mail),
  }),

  /** Sends a queued mail and records it. Scheduled by the reactions; a mail that was sent stays sent. */
  deliverMail: command({
    input: t.Object({ notificationId: Id }),
    output: t.Object({ state: State }),
  }),

  mailSent: event(1, t.Object({ notificationId: Id, template: t.String() })),
  mailGivenUp: event(1, t.Object({ notificationId: Id, template: t.String(), reason: t.String() })),
});
