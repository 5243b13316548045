import type { Outcome, OutgoingMail } from "../../modules/notifications/ports/mailer.ts";
import type { Invariant } from "../../runtime/simulation/scenario.ts";

/** The mail server beyond the shop: it takes every mail that comes to it, and knows which. */
export class PostOffice {
  readonly #taken = new Set<string>();

  /** Takes a mail. The same may come twice: after a crash nobody knows that it came. */
  take({ id }: OutgoingMail): Outcome {
    this.#taken.add(id);
    return { kind: "taken" };
  }

  readonly invariants: readonly Invariant[] = [
    {
      name: "what is noted as sent was sent",
      check: async (_call, rows) =>
        rows("notifications", "SELECT id FROM mails WHERE state = 'sent'")
          .filter((id) => !this.#taken.has(id))
          .map((id) => `the mail ${id} is noted as sent, and the mail server never took it`),
    },
  ];
}
