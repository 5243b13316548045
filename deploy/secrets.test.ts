import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../runtime/testing/eventually.ts";
import { checkOut, type FullCart, fillCart, given } from "./testing/buyer.ts";
import { stockLittleShop } from "./testing/little-shop.ts";
import { employee } from "./testing/people.ts";
import { spawnShop } from "./testing/spawned-shop.ts";

const email = "buyer@example.com";
const account = { email, password: "a password of a buyer", name: "" };

/** The files below a folder that hold a text, by their paths in it. */
function filesWith(folder: string, text: string): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  return files
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name))
    .filter((path) => readFileSync(path).includes(text))
    .map((path) => path.slice(folder.length + 1));
}

test.each(["monolith", "split"])(
  "a whole journey leaves no secret in the data folder or a stream, in the topology %s",
  async (topology) => {
    await using shop = await spawnShop({ arguments: ["--no-demo", "--topology", topology] });
    const { variantId } = await stockLittleShop(shop, { units: 10 });
    const { auth } = shop.client().users.v1;
    given(await auth.register.post(account));
    const session = given(await auth.login.post({ email, password: account.password }));
    const { accessToken, refreshToken } = given(
      await auth.refresh.post({ refreshToken: session.refreshToken }),
    );
    const carts: FullCart[] = [];
    const buy = async (token: string) => {
      const cart = await fillCart(shop.client(), { variantId, email });
      carts.push(cart);
      return await checkOut(shop.url, cart, { token, key: cart.cartId });
    };
    const { orderId, orderToken } = given(await buy("tok_ok"));
    const refused = await buy("tok_4111-1111-1111-1111");
    expect(refused.error).toMatchObject({ value: { code: "payment_declined" } });
    const customer = { "x-order-token": orderToken, "idempotency-key": "cancel" };
    given(await shop.client(customer).orders.v1.orders({ orderId }).cancel.post({}));

    const mailbox = () => shop.client().notifications.dev["mailbox.json"].get({ query: {} });
    const mails = await eventually(
      async () => given(await mailbox()).filter(({ template }) => template !== "welcome"),
      (all) => all.length === 2 && all.every(({ state }) => state === "sent"),
      { withinMs: 30_000 },
    );
    for (const { text } of mails) {
      const link = text.match(/http:\S+/)?.[0] ?? "";
      expect(link).toContain(`orderToken=${orderToken}`);
      const order = await fetch(link);
      expect(await order.json()).toMatchObject({ orderId });
    }
    const staff = await employee(shop, "staff");
    const shown = await fetch(`${shop.url}/v1/admin/notifications`, { headers: { ...staff } });
    expect(await shown.text()).not.toContain(orderToken);

    expect(await shop.stop()).toBe(0);
    expect(filesWith(shop.folder, orderId)).toContain("orders.db");
    const secrets = {
      orderToken,
      ...Object.fromEntries(carts.map(({ cartToken }, index) => [`cart ${index}`, cartToken])),
      card: "tok_ok",
      refusedCard: "tok_4111-1111-1111-1111",
      password: account.password,
      accessToken,
      refreshToken,
      firstRefreshToken: session.refreshToken,
    };
    const found = Object.entries(secrets).map(([name, secret]) => [
      name,
      filesWith(shop.folder, secret),
    ]);
    expect(found).toEqual(Object.keys(secrets).map((name) => [name, []]));
  },
  120_000,
);
