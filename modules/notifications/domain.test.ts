import { describe, expect, test } from "bun:test";
import {
  orderCancelled,
  orderConfirmed,
  orderRefunded,
  orderShipped,
  pauseAfterMs,
  welcome,
  wholeText,
} from "./domain.ts";

const euros = (amount: number) => ({ amount, currency: "EUR" });
const order = {
  orderId: "ord_1",
  number: 100_042,
  total: euros(7_390),
  lines: [
    { title: "Tea pot", quantity: 2, total: euros(5_998) },
    { title: "Cup\r\n\r\nYour order is void", quantity: 1, total: euros(999) },
  ],
};

describe("amounts", () => {
  test.each([
    [1_999, "EUR", "€19.99"],
    [1_999, "JPY", "¥1,999"],
    [1_999, "KWD", "KWD\u00a01.999"],
    [0, "EUR", "€0.00"],
    [1_000_000_000_000, "USD", "$10,000,000,000.00"],
  ])("%d minor units of %s are shown as %s", (amount, currency, text) => {
    const { text: mail } = orderRefunded({
      orderId: "ord_1",
      number: 1,
      amount: { amount, currency },
    });
    expect(mail).toContain(`get ${text} back`);
  });
});

describe("the mail of a confirmed order", () => {
  test("lists its lines and its total", () => {
    const { subject, text } = orderConfirmed(order);
    expect(subject).toBe("Your order 100042 is confirmed");
    expect(text).toContain("  2 × Tea pot  €59.98\n");
    expect(text).toContain("Total, with delivery and tax: €73.90");
  });

  test("tells what leads from the lines to the total, but nothing that costs nothing", () => {
    const { text } = orderConfirmed({ ...order, discount: euros(700), shipping: euros(490) });
    expect(text).toContain("\n  Discount  -€7.00\n  Delivery  €4.90\n\nTotal");
    const plain = orderConfirmed({ ...order, discount: euros(0), shipping: euros(0) });
    expect(plain.text).toBe(orderConfirmed(order).text);
  });

  test("keeps a title on its line", () => {
    expect(orderConfirmed(order).text).toContain("\n  1 × Cup Your order is void  €9.99\n");
  });

  test("ends with a link that opens the order", () => {
    const text = wholeText(orderConfirmed(order), "https://shop.example", "a+b/c");
    expect(text).toEndWith("\n\nhttps://shop.example/v1/orders/ord_1?orderToken=a%2Bb%2Fc\n");
  });

  test("has no token before it is sent", () => {
    const text = wholeText(orderConfirmed(order), "https://shop.example");
    expect(text).toEndWith("\n\nhttps://shop.example/v1/orders/ord_1\n");
  });
});

describe("later mails about an order", () => {
  const known = { number: 7, orderId: "ord_1" };

  test("say what happened", () => {
    const reason = "changed my\nmind";
    expect(orderCancelled({ ...known, reason }).text).toContain("Reason: changed my mind.");
    const shipped = orderShipped({ ...known, carrier: "Post", trackingNumber: "T-1" });
    expect(shipped.text).toContain("with Post.\n\nTracking number: T-1");
    expect(orderRefunded({ ...known, amount: euros(250) }).text).toContain("€2.50");
  });

  test("have the order's link", () => {
    const link = { linkPath: "/v1/orders/ord_1", orderId: "ord_1" };
    expect(orderCancelled({ ...known, reason: "" })).toMatchObject(link);
  });
});

test("a welcome repeats nothing that a stranger could have typed", () => {
  expect(welcome.length).toBe(0);
});

test("eight attempts at a mail spread over more than eight hours, then it is given up", () => {
  const pauses = [1, 2, 3, 4, 5, 6, 7].map((attempts) => pauseAfterMs(attempts) ?? 0);
  expect(pauses).toEqual([...pauses].sort((a, b) => a - b));
  expect(pauses.reduce((sum, pause) => sum + pause)).toBeGreaterThan(8 * 3_600_000);
  expect(pauseAfterMs(8)).toBeNull();
});
