import { describe, expect, test } from "bun:test";
import { type Placed, type Placement, place, placements } from "../../runtime/testing/place.ts";
import usersModule from "../users/module.ts";
import { notifications } from "./contract.ts";
import notificationsModule from "./module.ts";
import { mailer } from "./ports/mailer.ts";
import { mailServer } from "./testing/mail-server.ts";
import { teller, tellerModule, tokenOf } from "./testing/orders-teller.ts";

const modules = [usersModule, tellerModule, notificationsModule];
const confirmed = {
  orderId: "ord_1",
  number: 100_042,
  email: "ada@example.com",
  total: { amount: 2_499, currency: "EUR" },
  lines: [{ title: "Teekännchen", quantity: 1, total: { amount: 1_999, currency: "EUR" } }],
};

/** The modules with their mails going to a server. */
function shopWith(placement: Placement, address: string, credentials = "") {
  const settings = {
    SMTP_URL: `smtp://${credentials}${address}`,
    MAIL_FROM: "Shop <shop@shop.test>",
  };
  return place(placement, modules, { settings: new Map([[mailer.name, settings]]) });
}

async function onlyMail(shop: Placed) {
  const [mail, ...others] = await shop.call(notifications.mailbox, { limit: 10 });
  if (mail === undefined || others.length > 0) throw new Error("not one mail");
  return mail;
}

function mailEvents(shop: Placed) {
  return shop.events.filter((event) => event.type.startsWith("notifications."));
}

describe.each(placements)("a mail server, %s", (placement) => {
  test("gets each mail once, as plain text under an id that a repeat would have too", async () => {
    await using server = await mailServer();
    await using shop = await shopWith(placement, server.address);
    await shop.call(teller.confirm, confirmed);
    await shop.settle();

    const { notificationId, state } = await onlyMail(shop);
    expect(state).toBe("sent");
    expect(server.taken).toHaveLength(1);
    expect(server.taken[0]).toMatchObject({ to: ["ada@example.com"], from: "shop@shop.test" });
    const source = server.taken[0]?.source ?? "";
    expect(source).toContain(`Message-ID: <${notificationId}@shop.test>`);
    expect(source).toContain("From: Shop <shop@shop.test>");
    expect(source).toContain("To: ada@example.com");
    expect(source).toContain("Subject: Your order 100042 is confirmed");
    expect(source).toContain("Content-Type: text/plain; charset=utf-8");
    expect(source).toContain("Auto-Submitted: auto-generated");
    const decoded = source.replaceAll("=\r\n", "").replaceAll("=3D", "=");
    const link = new URLSearchParams({ orderToken: tokenOf("ord_1") });
    expect(decoded).toContain(`http://shop.test/v1/orders/ord_1?${link}`);
  });

  test("that refuses at first has the mail exactly once in the end", async () => {
    await using server = await mailServer({ refusals: ["450 busy", "450 still busy"] });
    await using shop = await shopWith(placement, server.address);
    await shop.call(teller.confirm, confirmed);
    await shop.settle();
    expect(await onlyMail(shop)).toMatchObject({ state: "queued", attempts: 1 });
    await shop.advance(5_000);
    await shop.settle();
    expect(await onlyMail(shop)).toMatchObject({ state: "queued", attempts: 2 });
    expect(server.taken).toEqual([]);
    await shop.advance(30_000);
    await shop.settle();

    expect(await onlyMail(shop)).toMatchObject({ state: "sent", attempts: 3 });
    await shop.advance(24 * 3_600_000);
    expect(server.taken).toHaveLength(1);
    expect(mailEvents(shop)).toMatchObject([{ type: "notifications.mailSent" }]);
  });

  test("that always refuses is asked eight times, and no log names the recipient", async () => {
    await using server = await mailServer({ refusals: Array(20).fill("450 no such user") });
    await using shop = await shopWith(placement, server.address);
    await shop.call(teller.confirm, confirmed);
    for (let hours = 0; hours < 12; ) {
      await shop.settle();
      const before = await onlyMail(shop);
      if (before.state === "dead") break;
      const pauseMs = [5, 30, 120, 600, 1_800, 7_200, 21_600][before.attempts - 1] ?? 0;
      hours += pauseMs / 3_600_000;
      await shop.advance(pauseMs * 1_000);
    }

    const mail = await onlyMail(shop);
    expect(mail).toMatchObject({ state: "dead", attempts: 8 });
    expect(mailEvents(shop)).toEqual([
      {
        type: "notifications.mailGivenUp",
        payload: {
          notificationId: mail.notificationId,
          template: "order-confirmed",
          reason: "EENVELOPE 450",
        },
      },
    ]);
    expect(shop.problems).toHaveLength(8);
    expect(JSON.stringify(shop.problems)).not.toContain("ada@");
    const { notificationId } = mail;
    expect(await shop.call(notifications.deliverMail, { notificationId })).toEqual({
      state: "dead",
    });
  });

  test("that is slow has a mail once, though its delivery is asked for meanwhile", async () => {
    const { promise: until, resolve: take } = Promise.withResolvers<void>();
    await using server = await mailServer({ until });
    await using shop = await shopWith(placement, server.address);
    await shop.call(teller.confirm, confirmed);
    await server.offered;
    const { notificationId } = await onlyMail(shop);
    const again = [1, 2].map(() => shop.call(notifications.deliverMail, { notificationId }));
    take();

    expect(await Promise.all(again)).toEqual([{ state: "sent" }, { state: "sent" }]);
    await shop.settle();
    expect(server.taken).toHaveLength(1);
    expect(mailEvents(shop)).toHaveLength(1);
  });

  test("that was away during a crash has the mail after the restart", async () => {
    await using server = await mailServer({ refusals: ["450 going down"] });
    await using shop = await shopWith(placement, server.address);
    await shop.call(teller.confirm, confirmed);
    await shop.settle();
    await shop.restart();
    await shop.advance(5_000);
    await shop.settle();

    expect(await onlyMail(shop)).toMatchObject({ state: "sent", attempts: 2 });
    expect(server.taken).toHaveLength(1);
  });

  test("that cannot be reached is tried again, with its code as the reason", async () => {
    const gone = await mailServer();
    await gone[Symbol.asyncDispose]();
    await using shop = await shopWith(placement, gone.address);
    await shop.call(teller.confirm, confirmed);
    await shop.settle();
    expect(await onlyMail(shop)).toMatchObject({ state: "queued", attempts: 1 });
    expect(shop.problems).toMatchObject([{ message: "mail not sent", reason: "ESOCKET" }]);
  });

  test.each(["says so", "hangs up"] as const)(
    "that is away and %s is left alone after the fifth mail, and loses and doubles none",
    async (away) => {
      await using server = await mailServer();
      await using shop = await shopWith(placement, server.address);
      const confirm = (number: number) =>
        shop.call(teller.confirm, { ...confirmed, orderId: `ord_${number}`, number });
      server.away = away;
      for (let number = 1; number <= 5; number++) await confirm(number);
      await shop.settle();
      expect(server.asked).toBe(5);
      expect(shop.broken()).toEqual(["notifications.mailer open"]);

      await confirm(6);
      await shop.settle();
      expect(server.asked).toBe(5);
      const mails = await shop.call(notifications.mailbox, { limit: 10 });
      expect(mails.map(({ attempts }) => attempts)).toEqual([0, 1, 1, 1, 1, 1]);

      await shop.advance(5_000);
      await shop.settle();
      expect(server.asked).toBe(6);

      server.away = undefined;
      await shop.advance(30_000);
      await shop.settle();
      await shop.advance(30_000);
      await shop.settle();
      expect(shop.broken()).toEqual([]);
      const subjects = server.taken.map(({ source }) => source.match(/Subject: .*/)?.[0]);
      expect(subjects.sort()).toEqual(
        [1, 2, 3, 4, 5, 6].map((number) => `Subject: Your order ${number} is confirmed`),
      );
      expect(mailEvents(shop).map(({ type }) => type)).toEqual(
        Array(6).fill("notifications.mailSent"),
      );
    },
  );

  test("that refuses mails is there, and is asked on", async () => {
    await using server = await mailServer({ refusals: Array(20).fill("550 no such user") });
    await using shop = await shopWith(placement, server.address);
    for (let number = 1; number <= 7; number++) {
      await shop.call(teller.confirm, { ...confirmed, orderId: `ord_${number}`, number });
    }
    await shop.settle();
    const mails = await shop.call(notifications.mailbox, { limit: 10 });
    expect(mails.map(({ attempts }) => attempts)).toEqual([1, 1, 1, 1, 1, 1, 1]);
    expect(shop.broken()).toEqual([]);
  });

  test("gets the credentials of its address, and mails in turn over few connections", async () => {
    await using server = await mailServer({ login: { user: "shop", password: "p@ss/word" } });
    await using shop = await shopWith(placement, server.address, "shop:p%40ss%2Fword@");
    for (let number = 1; number <= 20; number++) {
      await shop.call(teller.confirm, { ...confirmed, orderId: `ord_${number}`, number });
    }
    await shop.settle();
    expect(server.taken).toHaveLength(20);
    expect(new Set(server.taken.map((mail) => mail.source.match(/Message-ID: .*/)?.[0])).size).toBe(
      20,
    );
  });

  test("closes the mailbox for everyone but staff", async () => {
    await using server = await mailServer();
    await using shop = await shopWith(placement, server.address);
    const box = shop.call(notifications.developmentMailbox, { limit: 10 });
    await expect(box).rejects.toMatchObject({ code: "MAILBOX_NOT_FOUND" });
  });
});
