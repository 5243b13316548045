import { describe, expect, test } from "bun:test";
import { users } from "#modules/users";
import { type Placement, place, placements } from "../../runtime/testing/place.ts";
import usersModule from "../users/module.ts";
import { notifications } from "./contract.ts";
import notificationsModule from "./module.ts";
import { mailer } from "./ports/mailer.ts";
import { teller, tellerModule, tokenOf, UNTOLD } from "./testing/orders-teller.ts";

const modules = [usersModule, tellerModule, notificationsModule];
const eur = (amount: number) => ({ amount, currency: "EUR" });
const about = { orderId: "ord_1", number: 100_042, email: "Ada@example.com" };
const confirmed = {
  ...about,
  total: eur(2_499),
  lines: [{ title: "Tea pot", quantity: 1, total: eur(1_999) }],
};

const query = new URLSearchParams({ orderToken: tokenOf("ord_1") });
const link = `http://shop.test/v1/orders/ord_1?${query}`;

async function opened(placement: Placement) {
  return place(placement, modules);
}

describe.each(placements)("mails, %s", (placement) => {
  test("a confirmed order has one mail with its lines, its total and its link", async () => {
    await using shop = await opened(placement);
    await shop.call(teller.confirm, confirmed);
    await shop.settle();

    const mails = await shop.call(notifications.mailbox, { limit: 10 });
    expect(mails).toEqual([
      {
        notificationId: expect.stringMatching(/^ntf_/),
        template: "order-confirmed",
        to: "Ada@example.com",
        subject: "Your order 100042 is confirmed",
        text: expect.stringContaining(
          "  1 × Tea pot  €19.99\n\nTotal, with delivery and tax: €24.99",
        ),
        state: "sent",
        attempts: 1,
        createdAtMs: shop.now(),
      },
    ]);
    expect(mails[0]?.text).toEndWith("\nhttp://shop.test/v1/orders/ord_1\n");
    const [shown] = await shop.call(notifications.developmentMailbox, { limit: 10 });
    expect(shown?.text).toEndWith(`\n${link}\n`);
    const [mail] = mails;
    expect(shop.events.filter((event) => event.type.startsWith("notifications."))).toEqual([
      {
        type: "notifications.mailSent",
        payload: { notificationId: mail?.notificationId, template: "order-confirmed" },
      },
    ]);
  });

  test("the same fact told again under another event makes no second mail", async () => {
    await using shop = await opened(placement);
    await shop.call(teller.confirm, confirmed);
    await shop.call(teller.confirm, confirmed);
    await shop.settle();
    expect(await shop.call(notifications.mailbox, { limit: 10 })).toHaveLength(1);
  });

  test("a mail waits, without an attempt, while orders fails to tell its token", async () => {
    await using shop = await opened(placement);
    await shop.call(teller.confirm, { ...confirmed, orderId: UNTOLD });
    for (let time = 0; time < 12; time++) {
      await shop.settle();
      const [mail] = await shop.call(notifications.mailbox, { limit: 10 });
      expect(mail).toMatchObject({ state: "queued", attempts: 0 });
      await shop.advance(60_000);
    }
  });

  test("later mails about an order have its link; each refund has its own", async () => {
    await using shop = await opened(placement);
    await shop.call(teller.confirm, confirmed);
    await shop.call(teller.ship, { ...about, carrier: "Post", trackingNumber: "T-1" });
    await shop.call(teller.cancel, { ...about, reason: "lost" });
    await shop.call(teller.refund, { ...about, amount: eur(100) });
    await shop.call(teller.refund, { ...about, amount: eur(100) });
    await shop.settle();

    const mails = await shop.call(notifications.developmentMailbox, { limit: 10 });
    expect(mails.map((mail) => mail.template)).toEqual([
      "order-refunded",
      "order-refunded",
      "order-cancelled",
      "order-shipped",
      "order-confirmed",
    ]);
    for (const { text, state } of mails) {
      expect(text).toContain(link);
      expect(state).toBe("sent");
    }
  });

  test("each parcel of an order has one mail, and one without an id has one as well", async () => {
    await using shop = await opened(placement);
    await shop.call(teller.confirm, confirmed);
    const parcel = (shipmentId: string, title: string) => ({
      ...about,
      shipmentId,
      carrier: "Post",
      trackingNumber: `T-${shipmentId}`,
      lines: [{ title, quantity: 1 }],
    });
    await shop.call(teller.ship, parcel("shp_1", "Tea pot"));
    await shop.call(teller.ship, parcel("shp_2", "Cup"));
    await shop.call(teller.ship, parcel("shp_2", "Cup"));
    await shop.call(teller.ship, { ...about, carrier: "Post", trackingNumber: "T-0" });
    await shop.settle();
    const mails = await shop.call(notifications.mailbox, { limit: 10 });
    const told = mails.filter(({ template }) => template === "order-shipped");
    expect(told.map(({ text }) => text.match(/ {2}1 × .*|T-.*/g))).toEqual([
      ["T-0"],
      ["  1 × Cup", "T-shp_2"],
      ["  1 × Tea pot", "T-shp_1"],
    ]);
    for (const { text } of told) expect(text).toContain("/v1/orders/ord_1");
  });

  test("who registers is welcomed once, however often the address is registered", async () => {
    await using shop = await opened(placement);
    const account = { email: "ada@example.com", password: "correct horse battery", name: "Ada" };
    await shop.call(users.registerUser, account);
    await shop.call(users.registerUser, account);
    await shop.settle();
    const mails = await shop.call(notifications.mailbox, { limit: 10 });
    expect(mails).toMatchObject([{ template: "welcome", to: "ada@example.com", state: "sent" }]);
  });

  test("a mail that is sent stays sent, and its delivery says nothing twice", async () => {
    await using shop = await opened(placement);
    await shop.call(teller.confirm, confirmed);
    await shop.settle();
    const [mail] = await shop.call(notifications.mailbox, { limit: 10 });
    const notificationId = mail?.notificationId ?? "";
    const told = shop.events.length;

    expect(await shop.call(notifications.deliverMail, { notificationId })).toEqual({
      state: "sent",
    });
    expect(shop.events).toHaveLength(told);
    const unknown = { notificationId: "ntf_unknown" };
    await expect(shop.call(notifications.deliverMail, unknown)).rejects.toMatchObject({
      code: "MAIL_NOT_FOUND",
      data: unknown,
    });
  });
});

describe.each(placements)("the mailbox, %s", (placement) => {
  test("shows the newest first, of one address in whatever case, at most so many", async () => {
    await using shop = await opened(placement);
    for (const [index, email] of ["ada@x", "eve@x", "ADA@x", "ada@x.org"].entries()) {
      await shop.call(teller.confirm, { ...confirmed, orderId: `ord_${index}`, email });
      await shop.advance(1_000);
    }
    const boxes = { all: { limit: 3 }, ada: { to: "Ada@X", limit: 10 } };
    const all = await shop.call(notifications.mailbox, boxes.all);
    const ada = await shop.call(notifications.mailbox, boxes.ada);
    expect(all.map((mail) => mail.to)).toEqual(["ada@x.org", "ADA@x", "eve@x"]);
    expect(ada.map((mail) => mail.to)).toEqual(["ADA@x", "ada@x"]);
  });

  test("shows no more than fit one answer, however long the mails are", async () => {
    await using shop = await opened(placement);
    const title = "Tea pot ".repeat(1_000);
    const line = { title, quantity: 1, total: eur(1_999) };
    const long = { ...confirmed, lines: Array(30).fill(line) };
    for (const number of [1, 2, 3, 4]) {
      await shop.call(teller.confirm, { ...long, orderId: `ord_${number}` });
    }
    await shop.settle();
    const shown = await shop.call(notifications.mailbox, { limit: 100 });
    expect(shown).toHaveLength(2);
    expect(shown[0]?.text).toContain("ord_4");
  });

  test("is for staff; in development there is one for everyone", async () => {
    await using shop = await opened(placement);
    await shop.call(teller.confirm, confirmed);
    await shop.settle();
    const customer = shop.as({ kind: "user", userId: "usr_1", role: "customer" });
    const anyone = shop.as({ kind: "anonymous" });
    const staff = shop.as({ kind: "user", userId: "usr_2", role: "staff" });

    expect(await staff.call(notifications.mailbox, { limit: 10 })).toHaveLength(1);
    expect(await anyone.call(notifications.developmentMailbox, { limit: 10 })).toHaveLength(1);
    for (const { call } of [customer, anyone]) {
      await expect(call(notifications.mailbox, { limit: 10 })).rejects.toMatchObject({
        code: "MAILBOX_NOT_FOUND",
      });
    }
  });
});

test("only development does without a mail server", () => {
  const publicUrl = "https://shop.example";
  expect(mailer.open({} as never, { publicUrl, development: true } as never).isMailbox).toBe(true);
  expect(() => mailer.open({} as never, { publicUrl, development: false } as never)).toThrow(
    "SMTP_URL is missing",
  );
});
