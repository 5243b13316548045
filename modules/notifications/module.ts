import { defineModule } from "#runtime";
import { notifications } from "./contract.ts";
import { deliverMail } from "./handlers/deliver-mail.ts";
import { developmentMailbox } from "./handlers/development-mailbox.ts";
import { mailbox } from "./handlers/mailbox.ts";
import initial from "./migrations/0000_initial.sql" with { type: "text" };
import linksWithoutTokens from "./migrations/0001_links_without_tokens.sql" with { type: "text" };
import { mailer } from "./ports/mailer.ts";
import { onOrderCancelled } from "./reactions/on-order-cancelled.ts";
import { onOrderConfirmed } from "./reactions/on-order-confirmed.ts";
import { onOrderRefunded } from "./reactions/on-order-refunded.ts";
import { onOrderShipped } from "./reactions/on-order-shipped.ts";
import { onUserRegistered } from "./reactions/on-user-registered.ts";
import * as schema from "./schema.ts";
import { uses } from "./uses.ts";

export default defineModule({
  contract: notifications,
  uses,
  handlers: { mailbox, developmentMailbox, deliverMail },
  reactions: [
    onUserRegistered,
    onOrderConfirmed,
    onOrderCancelled,
    onOrderShipped,
    onOrderRefunded,
  ],
  schema,
  migrations: [
    { name: "0000_initial", sql: initial },
    { name: "0001_links_without_tokens", sql: linksWithoutTokens },
  ],
  ports: [mailer],
});
