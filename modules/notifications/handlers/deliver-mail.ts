import { orders } from "#modules/orders";
import { type Call, isTransportError } from "#runtime";
import { notifications } from "../contract.ts";
import { AWAY_PAUSE_MS, pauseAfterMs, wholeText } from "../domain.ts";
import { type Mailer, mailer, type Outcome } from "../ports/mailer.ts";
import {
  beginAttempt,
  recordDead,
  recordSent,
  type StoredMail,
  takeBackAttempt,
} from "../store.ts";
import { handler } from "../uses.ts";

/**
 * The attempt is counted before the mail server is asked, so that one that brings the process down
 * counts too; when it was not asked, the attempt is taken back. The pauses are longer than the
 * kernel's, since a mail server may be away for hours.
 */
export const deliverMail = handler(notifications.deliverMail, async (input, context) => {
  const { intent, transaction, call, port, log, fail } = context;
  const { notificationId } = input;
  const mail = await intent((tx) => beginAttempt(tx, notificationId));
  if (mail === undefined) throw fail("MAIL_NOT_FOUND", { notificationId });
  if (mail.state !== "queued") return transaction(() => ({ state: mail.state }));

  const { template, attempts } = mail;
  const outcome = await sent(mail, { call, mailer: port(mailer) });
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
    log.info("mail waits for its server, or for the token of its link", {
      notificationId,
      template,
      reason,
    });
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

/** Hands a mail over with the token of its order, which is asked for now so that no row has it. */
async function sent(
  mail: StoredMail,
  { call, mailer }: { call: Call<typeof orders.orderTokens>; mailer: Mailer },
): Promise<Outcome> {
  const { publicUrl, send } = mailer;
  let token: string | undefined;
  try {
    token = await tokenOf(mail, call);
  } catch (error) {
    // Whatever it is, as an older version of orders that has no such query: no mail was tried.
    const reason = isTransportError(error) ? error.code : String(error);
    return { kind: "not-asked", reason: `orders: ${reason}` };
  }
  const text = wholeText(mail, publicUrl, token);
  return await send({ ...mail, text });
}

/** The token of the order that a mail is about; undefined of one about none. */
async function tokenOf(
  { orderId }: StoredMail,
  call: Call<typeof orders.orderTokens>,
): Promise<string | undefined> {
  if (orderId === null) return undefined;
  const [token] = await call(orders.orderTokens, { orderIds: [orderId] });
  return token;
}
