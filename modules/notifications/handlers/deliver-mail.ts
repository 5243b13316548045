import { handler } from "#runtime";
import { notifications } from "../contract.ts";
import { AWAY_PAUSE_MS, pauseAfterMs, wholeText } from "../domain.ts";
import { mailer } from "../ports/mailer.ts";
import { beginAttempt, recordDead, recordSent, takeBackAttempt } from "../store.ts";

/**
 * The attempt is counted before the mail server is asked, so that one that brings the process down
 * counts too; when it was not asked, the attempt is taken back. The pauses are longer than the
 * kernel's, since a mail server may be away for hours.
 */
export const deliverMail = handler(notifications.deliverMail, async (input, context) => {
  const { intent, transaction, port, log, fail } = context;
  const { notificationId } = input;
  const mail = await intent((tx) => beginAttempt(tx, notificationId));
  if (mail === undefined) throw fail("MAIL_NOT_FOUND", { notificationId });
  if (mail.state !== "queued") return transaction(() => ({ state: mail.state }));

  const { template, attempts } = mail;
  const { publicUrl, send } = port(mailer);
  const text = wholeText(mail, publicUrl);
  const outcome = await send({ ...mail, text });
  if (outcome.kind === "taken") {
    return transaction((tx) => {
      if (recordSent(tx, notificationId)) {
        tx.emit(notifications.mailSent, { notificationId, template });
      }
      return { state: "sent" };
    });
  }

  const { reason } = outcome;
  if (outcome.kind === "not-asked") {
    log.info("mail waits for its server", { notificationId, template, reason });
    return transaction((tx) => {
      takeBackAttempt(tx, notificationId);
      const next = { key: notificationId, atMs: tx.now + AWAY_PAUSE_MS };
      tx.schedule(notifications.deliverMail, input, next);
      return { state: "queued" };
    });
  }

  const pauseMs = pauseAfterMs(attempts);
  log.warn("mail not sent", { notificationId, template, attempts, reason, pauseMs });
  return transaction((tx) => {
    if (pauseMs !== null) {
      const next = { key: notificationId, atMs: tx.now + pauseMs };
      tx.schedule(notifications.deliverMail, input, next);
      return { state: "queued" };
    }
    if (recordDead(tx, notificationId)) {
      tx.emit(notifications.mailGivenUp, { notificationId, template, reason });
    }
    return { state: "dead" };
  });
});
