import { orders } from "#modules/orders";
import { notifications } from "../contract.ts";
import { mailer } from "../ports/mailer.ts";
import { newestMails, shownMails } from "../store.ts";
import { handler } from "../uses.ts";

/** With links that open, as their recipients would have got them. */
export const developmentMailbox = handler(
  notifications.developmentMailbox,
  async (input, { read, call, port, fail }) => {
    const { isMailbox, publicUrl } = port(mailer);
    if (!isMailbox) throw fail("MAILBOX_NOT_FOUND", {});
    const mails = newestMails(read, input);
    const orderIds = mails.flatMap(({ orderId }) => orderId ?? []);
    const tokens = orderIds.length === 0 ? [] : await call(orders.orderTokens, { orderIds });
    const tokenOf = new Map(orderIds.map((orderId, index) => [orderId, tokens[index]]));
    return shownMails(mails, publicUrl, tokenOf);
  },
);
