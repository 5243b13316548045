import type { Money } from "#runtime";

/** The kinds of mail. */
export type Template =
  | "welcome"
  | "order-confirmed"
  | "order-cancelled"
  | "order-shipped"
  | "order-refunded";

/**
 * The subject, text and link of a mail. A link is kept as a path, and the order that it opens by
 * its id: where customers reach the shop, and the order's token, are known on delivery and kept
 * nowhere.
 */
export interface Rendered {
  readonly subject: string;
  readonly text: string;
  readonly linkPath: string | null;
  readonly orderId: string | null;
}

export interface ConfirmedOrder {
  readonly orderId: string;
  readonly number: number;
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
    orderId: null,
  };
}

export function orderConfirmed({ orderId, number, ...order }: ConfirmedOrder): Rendered {
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
    ...linkTo(orderId),
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

/** About an order that was confirmed before. */
export interface LaterMail {
  readonly orderId: string;
  readonly number: number;
}

export function orderCancelled({ orderId, number, reason }: LaterMail & { reason: string }) {
  const why = reason === "" ? "" : ` Reason: ${oneLine(reason)}.`;
  return later(
    `Your order ${number} is cancelled`,
    [`Your order ${number} is cancelled.${why}`, "What you paid for it you get back."],
    orderId,
  );
}

/** A parcel of an order; what is in it is not known of every one. */
export interface Parcel extends LaterMail {
  readonly carrier: string;
  readonly trackingNumber: string;
  readonly lines?: readonly { title: string; quantity: number }[] | undefined;
}

export function orderShipped({ orderId, number, carrier, trackingNumber, lines = [] }: Parcel) {
  const contents = lines.map(({ title, quantity }) => `  ${quantity} × ${oneLine(title)}`);
  return later(
    `A parcel of your order ${number} is on its way`,
    [
      `A parcel of your order ${number} is on its way with ${oneLine(carrier)}.`,
      ...(contents.length === 0 ? [] : [contents.join("\n")]),
      `Tracking number: ${oneLine(trackingNumber)}`,
    ],
    orderId,
  );
}

export function orderRefunded({ orderId, number, amount }: LaterMail & { amount: Money }) {
  return later(
    `A refund for your order ${number}`,
    [`For your order ${number} you get ${shown(amount)} back, the way you paid.`],
    orderId,
  );
}

function later(subject: string, body: readonly string[], orderId: string): Rendered {
  const text = paragraphs(...body, "How it stands you can see here:");
  return { subject, text, ...linkTo(orderId) };
}

function linkTo(orderId: string) {
  return { linkPath: `/v1/orders/${encodeURIComponent(orderId)}`, orderId };
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

/** The whole text of a mail, with its link as an address, which the token of its order opens. */
export function wholeText(
  { text, linkPath }: { text: string; linkPath: string | null },
  publicUrl: string,
  orderToken?: string,
): string {
  if (linkPath === null) return `${text}\n`;
  const query = orderToken === undefined ? "" : `?${new URLSearchParams({ orderToken })}`;
  return `${text}\n\n${publicUrl}${linkPath}${query}\n`;
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
