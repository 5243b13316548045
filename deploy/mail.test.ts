import { describe, expect, test } from "bun:test";
import { mailServer, type Taken } from "../modules/notifications/testing/mail-server.ts";
import { eventually } from "../runtime/testing/eventually.ts";
import { checkOut, fillCart, given } from "./testing/buyer.ts";
import { stockLittleShop } from "./testing/little-shop.ts";
import { spawnShop } from "./testing/spawned-shop.ts";

/** What a mail says, as its reader sees it. */
function textOf({ source }: Taken): string {
  const [head = "", ...body] = source.split("\r\n\r\n");
  const raw = body.join("\r\n\r\n");
  const encoding = head.match(/^Content-Transfer-Encoding: (\S+)/im)?.[1];
  if (encoding === "base64") return Buffer.from(raw, "base64").toString();
  if (encoding !== "quoted-printable") return raw;
  const bytes = raw
    .replaceAll("=\r\n", "")
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString();
}

describe("with a mail server", () => {
  test("each order is confirmed by one mail, whose link opens the order", async () => {
    await using server = await mailServer();
    const environment = { SMTP_URL: `smtp://${server.address}`, MAIL_FROM: "shop@example.com" };
    await using shop = await spawnShop({ environment, arguments: ["--no-demo"] });
    const { variantId } = await stockLittleShop(shop, { units: 10 });
    const ordered = [];
    for (const email of ["ann@example.com", "bob@example.com"]) {
      const cart = await fillCart(shop.client(), { variantId, quantity: 2, email });
      const attempt = { token: "tok_ok", key: email };
      const [checkout] = await Promise.all([
        checkOut(shop.url, cart, attempt),
        checkOut(shop.url, cart, attempt),
      ]);
      ordered.push({ ...given(checkout), email });
    }
    await eventually(
      async () => server.taken.length,
      (count) => count >= 2,
    );
    for (const { email, orderId, orderNumber, total } of ordered) {
      const mails = server.taken.filter(({ to }) => to.includes(email));
      expect(mails).toHaveLength(1);
      const [mail] = mails;
      if (mail === undefined) throw new Error("The server took no mail.");
      expect(mail.source).toContain(`Subject: Your order ${orderNumber} is confirmed`);
      const text = textOf(mail);
      expect(text).toMatch(/2 × Green tea.*25\.98/);
      expect(text).toContain(`€${(total.amount / 100).toFixed(2)}`);
      const link = text.match(/http:\S+/)?.[0] ?? "";
      const opened = await fetch(link);
      expect(opened.status).toBe(200);
      expect(await opened.json()).toMatchObject({ orderId, status: "confirmed", email });
      const guessed = await fetch(link.replace(/orderToken=.*/, "orderToken=guessed"));
      expect(guessed.status).toBe(404);
    }
    const box = await fetch(`${shop.url}/dev/mailbox.json`);
    expect(box.status).toBe(404);
    // Stopping finishes what is under way, so a second mail for an order would be here.
    expect(await shop.stop()).toBe(0);
    expect(server.taken).toHaveLength(2);
  }, 60_000);
});
