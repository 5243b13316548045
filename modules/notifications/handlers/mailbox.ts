import { handler, isStaff } from "#runtime";
import { notifications } from "../contract.ts";
import { mailer } from "../ports/mailer.ts";
import { newestMails, shownMails } from "../store.ts";

/** Without the tokens in the links: staff may open every order. */
export const mailbox = handler(notifications.mailbox, (input, { read, identity, port, fail }) => {
  if (!isStaff(identity)) throw fail("MAILBOX_NOT_FOUND", {});
  const { publicUrl } = port(mailer);
  return shownMails(newestMails(read, input), publicUrl);
});
