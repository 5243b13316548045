import { handler, isStaff } from "#runtime";
import { notifications } from "../contract.ts";
import { mailer } from "../ports/mailer.ts";
import { newestShown } from "../store.ts";

export const mailbox = handler(notifications.mailbox, (input, { read, identity, port, fail }) => {
  if (!isStaff(identity)) throw fail("MAILBOX_NOT_FOUND", {});
  return newestShown(read, input, port(mailer).publicUrl);
});
