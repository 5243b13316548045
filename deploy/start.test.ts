import { Database } from "bun:sqlite";
import { afterAll, describe, expect, test } from "bun:test";
import { cpSync, existsSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { orders } from "#modules/orders";
import { products } from "#modules/products";
import type { OutputOf } from "#runtime";
import { eventually } from "../runtime/testing/eventually.ts";
import { checkOut, fillCart, given } from "./testing/buyer.ts";
import { folderState } from "./testing/folder-state.ts";
import { asSystem, stockLittleShop } from "./testing/little-shop.ts";
import { signedIn } from "./testing/people.ts";
import { runMain, type SpawnedShop, spawnShop, temporaryFolder } from "./testing/spawned-shop.ts";

const noDemo = ["--no-demo"];
const production = {
  NODE_ENV: "production",
  PUBLIC_URL: "https://shop.example.com",
  SMTP_URL: "smtp://127.0.0.1:1",
  PAYMENTS_SIMULATOR: "allow",
};
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = temporaryFolder();
  folders.push(folder);
  return folder;
}

/** A start that must be refused by sentences alone, and leave the folder as it was. */
async function refusedStart(
  folder: string,
  { args, environment = {} }: { args?: string[]; environment?: Record<string, string> } = {},
): Promise<string> {
  const before = existsSync(folder) ? folderState(folder) : undefined;
  const words = ["start", "--data-dir", folder, "--no-demo", ...(args ?? ["--port", "0"])];
  const { code, output, errors } = await runMain(words, { environment });
  expect({ code, output }).toEqual({ code: 1, output: "" });
  expect(errors).not.toMatch(/^\s+at |node_modules|\.ts:\d|Error:/m);
  for (const line of errors.trimEnd().split("\n")) expect(line).toMatch(/^\S.*\.$/);
  expect(existsSync(folder) ? folderState(folder) : undefined).toEqual(before);
  return errors;
}

/** A folder with a shop in it that was stopped in good order. */
async function filledFolder(): Promise<string> {
  const folder = newFolder();
  await using shop = await spawnShop({ folder, arguments: noDemo });
  await stockLittleShop(shop, { units: 1 });
  expect(await shop.stop()).toBe(0);
  return folder;
}

describe("a start is refused, with nothing changed, for", () => {
  const absent = () => `${newFolder()}/data`;

  test("settings that do not fit, each with a sentence", async () => {
    const said = await refusedStart(absent(), {
      args: ["--port", "70000", "--colour", "red"],
      environment: { LOG_LEVEL: "loud", PUBLIC_URL: "shop", SMTP_URL: "http://u:secret@x" },
    });
    expect(said.trimEnd().split("\n")).toHaveLength(5);
    expect(said).toMatch(
      /^PORT is "70000" \(--port\): expected a whole number from 0 to 65535\.$/m,
    );
    expect(said).toMatch(/^--colour is not a known flag\./m);
    expect(said).toMatch(/^LOG_LEVEL is "loud" \(environment\): expected one of debug, info, /m);
    expect(said).toMatch(/^PUBLIC_URL is "shop" \(environment\): expected an address/m);
    expect(said).toMatch(/^SMTP_URL is a hidden value \(environment\): expected a mail server/m);
    expect(said).not.toContain("secret");
  });

  test("production without a mail server, and a mail server that has no address", async () => {
    const said = await refusedStart(absent(), { environment: { NODE_ENV: "production" } });
    expect(said).toMatch(/^SMTP_URL is missing.*Set it to the mail server/m);
    expect(said).toMatch(/^Payments would go to the simulator.* set PAYMENTS_SIMULATOR=allow/m);
    expect(said).toMatch(/^PUBLIC_URL is missing.* Set it to the address that customers use/m);
    for (const SMTP_URL of ["smtp://user:secret@", "smtp://secret.example.com:99999"]) {
      const wrong = await refusedStart(absent(), { environment: { SMTP_URL } });
      expect(wrong).toMatch(/^SMTP_URL is a hidden value that is no address\. Set it to the mail/);
    }
  });

  test.each([[[]], [["--topology", "split"]]])(
    "production that is to be filled with the demo shop %j",
    async (args) => {
      const folder = absent();
      const words = ["start", "--port", "0", "--data-dir", folder, "--demo", ...args];
      const { code, errors } = await runMain(words, { environment: production });
      expect(code).toBe(1);
      expect(errors).toMatch(/^DEMO is on, .* Leave it out in production\.\n$/);
      expect(existsSync(folder)).toBe(false);
    },
  );

  test("a kind of environment that nobody knows", async () => {
    const said = await refusedStart(absent(), { environment: { NODE_ENV: "prod" } });
    expect(said).toBe(
      'NODE_ENV is "prod" (environment): expected one of production, development, test.\n',
    );
  });

  test.each([["203.0.113.7"], ["no.such.host.invalid"]])(
    "an address that is not this machine's: %s",
    async (host) => {
      const said = await refusedStart(absent(), { args: ["--port", "0", "--host", host] });
      expect(said).toContain(`The address ${host} cannot be listened on`);
    },
  );

  test("a port that another program has", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const address = other.address();
    const port = typeof address === "object" && address !== null ? `${address.port}` : "";
    const said = await refusedStart(absent(), { args: ["--port", port] });
    other.close();
    expect(said).toContain(`The port ${port} of 127.0.0.1 cannot be taken`);
    expect(said).toContain("Stop that program, or choose another port");
  });

  test("a data folder that cannot be one", async () => {
    const file = `${newFolder()}/file`;
    writeFileSync(file, "not a folder");
    for (const path of [file, `${file}/below`]) {
      const { code, errors } = await runMain(["start", "--port", "0", "--data-dir", path]);
      expect(code).toBe(1);
      expect(errors).toContain(`The data folder ${path} cannot be used: ${file} is a file`);
      expect(errors).toContain("choose another with DATA_DIR.");
      expect(errors).not.toMatch(/^\s+at /m);
    }
  });

  test("a data folder of another shop that runs, which goes on", async () => {
    // Nothing was ever done in it, so no event is left that it takes in while files are compared.
    const folder = newFolder();
    await (await spawnShop({ folder, arguments: noDemo })).stop();
    await using shop = await spawnShop({ folder, arguments: noDemo });
    const said = await refusedStart(folder);
    expect(said).toMatch(/is owned by another process\. Stop that process, or start this one/);
    const inMany = ["start", "--topology", "split", "--port", "0", "--data-dir", folder];
    const { code, errors } = await runMain(inMany);
    expect(code).toBe(1);
    expect(errors).toContain(
      `The data folder ${folder} is owned by process ${shop.pid}. Stop that`,
    );
    await stockLittleShop(shop, { units: 1 });
    const { items } = await asSystem(folder, products.searchProducts, {});
    expect(items).toMatchObject([{ slug: "green-tea" }]);
    expect((await fetch(`${shop.url}/v1/products/green-tea`)).status).toBe(200);
  });

  test("data of a newer version, damaged data, and data of another migration", async () => {
    const folder = await filledFolder();
    const changed = async (change: (path: string) => void) => {
      const copy = newFolder();
      cpSync(folder, copy, { recursive: true });
      change(`${copy}/orders.db`);
      return await refusedStart(copy);
    };
    const sql = (statement: string) => (path: string) => {
      using database = new Database(path);
      database.run(statement);
      database.run("PRAGMA wal_checkpoint(TRUNCATE)");
    };
    const newer = "INSERT INTO cleave_migration VALUES ('module', 9, '0009_gifts', 'x')";
    expect(await changed(sql(newer))).toMatch(
      /orders\.db is of a newer version: .*0009_gifts.* Start the newer program, or restore/,
    );
    const edited = "UPDATE cleave_migration SET fingerprint = 'x' WHERE owner = 'module'";
    expect(await changed(sql(edited))).toMatch(/orders\.db was migrated with another/);
    const damaged = await changed((path) => writeFileSync(path, "not a database at all"));
    expect(damaged).toMatch(/orders\.db/);
    const cut = await changed((path) => truncateSync(path, 5_000));
    expect(cut).toMatch(/orders\.db/);
  }, 30_000);
});

test("the data are for their owner's eyes only", async () => {
  const folder = `${newFolder()}/data`;
  await using shop = await spawnShop({ folder, arguments: noDemo });
  const { variantId } = await stockLittleShop(shop, { units: 1 });
  const cart = await fillCart(shop.client(), { variantId });
  await checkOut(shop.url, cart, { token: "tok_ok", key: "one" });
  for (const [path, rights] of Object.entries(folderState(folder))) {
    expect({ path, rights }).toEqual({ path, rights: expect.stringMatching(/^[67]00( |$)/) });
  }
});

test("a copy of the folder, made while nothing runs over it, is a backup", async () => {
  const folder = newFolder();
  let orderId = "";
  {
    await using shop = await spawnShop({ folder, arguments: noDemo });
    const { variantId } = await stockLittleShop(shop, { units: 1 });
    const cart = await fillCart(shop.client(), { variantId });
    const { data } = await checkOut(shop.url, cart, { token: "tok_ok", key: "one" });
    orderId = data?.orderId ?? "";
    expect(await shop.stop()).toBe(0);
  }
  const copy = newFolder();
  cpSync(folder, copy, { recursive: true });
  rmSync(folder, { recursive: true });
  await using _ = await spawnShop({ folder: copy, arguments: noDemo });
  await eventually(
    () => asSystem(copy, orders.orderById, { orderId }),
    ({ status }) => status === "confirmed",
  );
  const { violations, checkedOrders } = await asSystem(copy, orders.reconcile, {});
  expect({ violations, checkedOrders }).toEqual({ violations: [], checkedOrders: 1 });
}, 30_000);

describe("the demo shop", () => {
  /** Every product, by slug. */
  async function catalogue({ folder }: SpawnedShop): Promise<string[]> {
    const slugs: string[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const from: { cursor?: string } = cursor === "" ? {} : { cursor };
      const query = { sort: "name", limit: 100, ...from } as const;
      const page: OutputOf<typeof products.searchProducts> = await asSystem(
        folder,
        products.searchProducts,
        query,
      );
      slugs.push(...page.items.map(({ slug }) => slug));
      cursor = page.nextCursor;
    }
    return slugs;
  }

  test("is filled whole, though its first start was killed, and never again", async () => {
    const folder = newFolder();
    const killed = await runMain(["start", "--port", "0", "--data-dir", folder], {
      environment: { CLEAVE_FAILPOINT: "commit.after:products#5" },
    });
    expect(killed.code).toBe(137);
    let whole: string[];
    {
      await using shop = await spawnShop({ folder });
      whole = await catalogue(shop);
      expect(whole.length).toBeGreaterThanOrEqual(2_000);
      expect(new Set(whole).size).toBe(whole.length);
      await shop.stop();
    }
    await using again = await spawnShop({ folder });
    expect(await catalogue(again)).toEqual(whole);
  }, 60_000);

  test("is left out in production, which shows no development pages", async () => {
    await using shop = await spawnShop({ environment: production });
    expect(await catalogue(shop)).toEqual([]);
    expect((await fetch(`${shop.url}/dev/mailbox.json`)).status).toBe(404);
  });

  test("is left out on request, and does not come later by itself", async () => {
    const folder = newFolder();
    {
      await using empty = await spawnShop({ folder, arguments: noDemo });
      expect(await catalogue(empty)).toEqual([]);
      await empty.stop();
    }
    await using again = await spawnShop({ folder });
    expect(await catalogue(again)).toEqual([]);
  });
});

test.each(["start", "user create", "nats rotate", "nats provision"])(
  "%s --help says how it is written",
  async (command) => {
    for (const flag of ["--help", "-h"]) {
      const { code, output, errors } = await runMain([...command.split(" "), flag]);
      expect({ code, output }).toEqual({ code: 0, output: "" });
      expect(errors).toMatch(new RegExp(`^  ${command} .+\n$`));
    }
  },
);

describe("user create", () => {
  const password = "a long first password";
  const create = (
    folder: string,
    { email = "root@example.com", name = "", input = `${password}\n` } = {},
  ) => {
    const about = ["--email", email, "--role", "admin", "--data-dir", folder, "--name", name];
    return runMain(["user", "create", ...about], { input });
  };

  async function expectAdmin(shop: SpawnedShop, email: string): Promise<void> {
    const admin = await signedIn(shop, { email, password });
    const me = given(await shop.client(admin).users.v1.me.get());
    expect(me).toMatchObject({ email, role: "admin" });
    const books = await shop.client(admin).orders.v1.admin.reconciliation.run.post({});
    expect(books.status).toBe(200);
  }

  test("makes the first administrator, before the shop runs and while it does", async () => {
    const folder = newFolder();
    const first = await create(folder);
    expect(first).toEqual({ code: 0, output: "root@example.com is now an admin.\n", errors: "" });
    const taken = "root@example.com has an account already. Use another address.\n";
    expect(await create(folder)).toEqual({ code: 1, output: "", errors: taken });

    await using shop = await spawnShop({ folder, arguments: noDemo });
    await expectAdmin(shop, "root@example.com");
    expect(await create(folder)).toEqual({ code: 1, output: "", errors: taken });
    const second = await create(folder, { email: "second@example.com" });
    expect(second).toMatchObject({ code: 0, errors: "" });
    await expectAdmin(shop, "second@example.com");
  }, 30_000);

  test("refuses what will not do in a sentence, and makes nothing", async () => {
    const folder = `${newFolder()}/data`;
    const mistakes = [
      [{ input: "short\n" }, "The password has 5 characters: use 8 to 128.\n"],
      [{ input: "" }, "There was no password on standard input. Write it as one line.\n"],
      [{ email: "nobody" }, 'EMAIL is "nobody" (--email): expected an e-mail address.\n'],
      [{ email: "a;b@c" }, 'EMAIL is "a;b@c" (--email): expected an e-mail address.\n'],
      [{ name: "A\nB" }, 'NAME is "A\nB" (--name): expected one line of at most 120 characters.\n'],
    ] as const;
    for (const [given, errors] of mistakes) {
      expect(await create(folder, given)).toEqual({ code: 1, output: "", errors });
    }
    expect(existsSync(folder)).toBe(false);
  });
});

describe("a shop that is told to stop", () => {
  const ORDERS = 50;

  test("says in the log when it begins to and when it has", async () => {
    const environment = { LOG_LEVEL: "info" };
    await using shop = await spawnShop({ arguments: noDemo, environment });
    expect(await shop.stop()).toBe(0);
    const lines = (await shop.log()).trimEnd().split("\n");
    const said = lines.map((line) => JSON.parse(line).message);
    expect(said.filter((one) => /^stop/.test(one))).toEqual(["stopping", "stopped"]);
  });

  test("in the midst of fifty checkouts keeps every promise that it made", async () => {
    const folder = newFolder();
    let shop = await spawnShop({ folder, arguments: noDemo });
    const { variantId } = await stockLittleShop(shop, { units: ORDERS });
    const carts = await Promise.all(
      Array.from({ length: ORDERS }, () => fillCart(shop.client(), { variantId })),
    );
    const { url } = shop;
    const first = Promise.withResolvers<void>();
    const asked = carts.map(async (cart) => {
      const attempt = { token: "tok_ok", key: cart.cartId };
      const answer = await checkOut(url, cart, attempt).catch(() => undefined);
      first.resolve();
      return answer;
    });
    await first.promise;
    expect(await shop.stop()).toBe(0);
    const answers = await Promise.all(asked);
    const promised = answers.flatMap((answer) => answer?.data ?? []);
    expect(promised.length).toBeGreaterThan(0);

    shop = await spawnShop({ folder, arguments: noDemo });
    await using _ = shop;
    for (const { orderId } of promised) {
      await eventually(
        () => asSystem(folder, orders.orderById, { orderId }),
        ({ status }) => status === "confirmed",
      );
    }
    for (const cart of carts) {
      const again = await checkOut(shop.url, cart, { token: "tok_ok", key: cart.cartId });
      expect(again.status).toBe(201);
    }
    const { violations, checkedOrders } = await asSystem(folder, orders.reconcile, {});
    expect({ violations, checkedOrders }).toEqual({ violations: [], checkedOrders: ORDERS });
  }, 60_000);
});
