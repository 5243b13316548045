import type { Money } from "#runtime";

/** The kinds of mail. */
export type Template =
  | "welcome"
  | "order-confirmed"
  | "order-cancelled"
  | "order-shipped"
  | "order-refunded";

/**
 * What a mail says. A link is kept as a path: where customers reach the shop is known on delivery.
 */
export interface Rendered {
  readonly subject: string;
  readonly text: string;
  readonly linkPath: string | null;
}

export interface ConfirmedOrder {
  readonly orderId: string;
  readonly number: number;
  readonly orderToken: string;
  readonly total: Money;
  readonly discount?: Money | undefined;
  readonly shipping?: Money | undefined;
  readonly lines: readonly { title: string; quantity: number; total: Money }[];
}

/** A greeting without a name: whoever registered somebody else's address could write there. */
export function welcome(): Rendered {
  return {
    subject: "Welcome to the shop",
    text: paragraphs(
      "Hello,",
      "this address now has an account with us. If you did not open it, just leave it alone.",
      "The shop is here:",
    ),
    linkPath: "/",
  };
}

export function orderConfirmed({
  orderId,
  number,
  orderToken,
  ...order
}: ConfirmedOrder): Rendered {
  const lines = order.lines.map(
    ({ title, quantity, total }) => `  ${quantity} × ${oneLine(title)}  ${shown(total)}`,
  );
  return {
    subject: `Your order ${number} is confirmed`,
    text: paragraphs(
      `Thank you for your order ${number}.`,
      [...lines, ...between(order)].join("\n"),
      `Total, with delivery and tax: ${shown(order.total)}`,
      "How it stands you can see here:",
    ),
    linkPath: `/v1/orders/${encodeURIComponent(orderId)}?${new URLSearchParams({ orderToken })}`,
  };
}

/** What leads from the lines to the total, as far as it is known and not nothing. */
function between({ discount, shipping }: Pick<ConfirmedOrder, "discount" | "shipping">): string[] {
  const sums = [
    ["Discount  -", discount],
    ["Delivery  ", shipping],
  ] as const;
  return sums.flatMap(([what, sum]) =>
    sum === undefined || sum.amount === 0 ? [] : [`  ${what}${shown(sum)}`],
  );
}

/** About an order that was confirmed before; `linkPath` is the one of that mail. */
export interface LaterMail {
  readonly number: number;
  readonly linkPath: string | null;
}

export function orderCancelled({ number, linkPath, reason }: LaterMail & { reason: string }) {
  const why = reason === "" ? "" : ` Reason: ${oneLine(reason)}.`;
  return later(
    `Your order ${number} is cancelled`,
    [`Your order ${number} is cancelled.${why}`, "What you paid for it you get back."],
    linkPath,
  );
}

/** A parcel of an order; what is in it is not known of every one. */
export interface Parcel extends LaterMail {
  readonly carrier: string;
  readonly trackingNumber: string;
  readonly lines?: readonly { title: string; quantity: number }[] | undefined;
}

export function orderShipped({ number, linkPath, carrier, trackingNumber, lines = [] }: Parcel) {
  const contents = lines.map(({ title, quantity }) => `  ${quantity} × ${oneLine(title)}`);
  return later(
    `A parcel of your order ${number} is on its way`,
    [
      `A parcel of your order ${number} is on its way with ${oneLine(carrier)}.`,
      ...(contents.length === 0 ? [] : [contents.join("\n")]),
      `Tracking number: ${oneLine(trackingNumber)}`,
    ],
    linkPath,
  );
}

export function orderRefunded({ number, linkPath, amount }: LaterMail & { amount: Money }) {
  return later(
    `A refund for your order ${number}`,
    [`For your order ${number} you get ${shown(amount)} back, the way you paid.`],
    linkPath,
  );
}

function later(subject: string, body: readonly string[], linkPath: string | null): Rendered {
  const link = linkPath === null ? [] : ["How it stands you can see here:"];
  return { subject, text: paragraphs(...body, ...link), linkPath };
}

function paragraphs(...all: readonly string[]): string {
  return all.join("\n\n");
}

/** A text from elsewhere, so that it cannot begin lines of its own. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " ").trim();
}

/** An amount as people write it, with as many decimals as its currency has. */
function shown({ amount, currency }: Money): string {
  const format = new Intl.NumberFormat("en", { style: "currency", currency });
  const { maximumFractionDigits: decimals = 2 } = format.resolvedOptions();
  return format.format(amount / 10 ** decimals);
}

/** The whole text of a mail, with its link as an address. */
export function wholeText(
  { text, linkPath }: { text: string; linkPath: string | null },
  publicUrl: string,
): string {
  return linkPath === null ? `${text}\n` : `${text}\n\n${publicUrl}${linkPath}\n`;
}

/** The pauses after the failed attempts, in seconds: about nine hours until the last. */
const PAUSES_SECONDS = [5, 30, 120, 600, 1_800, 7_200, 21_600];

/** The pause of a mail whose server was not asked, since it is away. */
export const AWAY_PAUSE_MS = 30_000;

/** What follows a failed attempt: the pause until the next, or null after the eighth. */
export function pauseAfterMs(attempts: number): number | null {
  const seconds = PAUSES_SECONDS[attempts - 1];
  return seconds === undefined ? null : seconds * 1_000;
}
