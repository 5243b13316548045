import type { Invariant, Rows } from "#runtime/simulation";
import type { Outcome, OutgoingMail } from "../../modules/notifications/ports/mailer.ts";

/** The mail server beyond the shop: it takes every mail that comes to it, and keeps it. */
export class PostOffice {
  readonly #taken = new Map<string, OutgoingMail[]>();

  /** Takes a mail. The same may come twice: after a crash nobody knows that it came. */
  take(mail: OutgoingMail): Outcome {
    const copies = this.#taken.get(mail.id) ?? [];
    this.#taken.set(mail.id, [...copies, mail]);
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
    {
      name: "each mail tells a customer of their own order",
      check: async (_call, rows) => this.#astray(rows),
    },
  ];

  /** Mails that went to somebody else than who ordered, or that tell of another order. */
  #astray(rows: Rows): string[] {
    const orders = new Map(rows("orders", ordered).map(wordsOf));
    const parcels = new Map(rows("shipping", sent).map(wordsOf));
    return rows("notifications", about).flatMap((row) => {
      const [id, subjectMatter] = wordsOf(row);
      const orderId = parcels.get(subjectMatter) ?? subjectMatter;
      const [number = "", email = ""] = orders.get(orderId)?.split(" ") ?? [];
      return (this.#taken.get(id) ?? []).flatMap(({ recipient, subject, text }) => {
        const what = `the mail ${id} about ${orderId} of ${email}`;
        if (recipient !== email) return [`${what} went to ${recipient}`];
        const isOfIt = [subject, text].every((part) => part.includes(`order ${number}`));
        const links = text.match(/\/orders\/[^?\s]+/g) ?? [];
        if (isOfIt && links.every((link) => link === `/orders/${orderId}`)) return [];
        return [`${what} tells of another order than ${number}: ${subject}, ${links.join(" ")}`];
      });
    });
  }
}

const ordered = "SELECT order_id || ' ' || number || ' ' || email FROM orders";
const sent = "SELECT shipment_id || ' ' || order_id FROM shipment";
/** Every mail with the order or the parcel that it is about; a refund is numbered beside. */
const about = `
  SELECT id || ' ' || replace(substr(about, 1, instr(about || '#', '#')), '#', '') FROM mails
  WHERE template <> 'welcome'`;

/** The first word of a row, and the rest. */
function wordsOf(row: string): [first: string, rest: string] {
  const [first = "", ...rest] = row.split(" ");
  return [first, rest.join(" ")];
}
