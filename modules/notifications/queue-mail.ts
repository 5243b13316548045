import type { Transaction } from "#runtime";
import { notifications } from "./contract.ts";
import type { Rendered, Template } from "./domain.ts";
import { addMail } from "./store.ts";

/** A mail to be sent once the fact that it is about is committed. */
export interface QueuedMail {
  readonly template: Template;
  /** The id of what it is about. A second mail of this template about it is not queued. */
  readonly about: string;
  readonly recipient: string;
  readonly rendered: Rendered;
}

/** Queues a mail and its delivery, at most once for each template, subject matter and recipient. */
export function queueMail(tx: Transaction, { rendered, ...mail }: QueuedMail): void {
  const id = tx.newId("ntf");
  if (!addMail(tx, { ...mail, ...rendered, id, createdAtMs: tx.now })) return;
  const input = { notificationId: id };
  tx.schedule(notifications.deliverMail, input, { key: id, atMs: tx.now });
}
