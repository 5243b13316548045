import { handler } from "#runtime";
import { notifications } from "../contract.ts";
import { mailer } from "../ports/mailer.ts";
import { newestShown } from "../store.ts";

export const developmentMailbox = handler(
  notifications.developmentMailbox,
  (input, { read, port, fail }) => {
    const { isMailbox, publicUrl } = port(mailer);
    if (!isMailbox) throw fail("MAILBOX_NOT_FOUND", {});
    return newestShown(read, input, publicUrl);
  },
);
