import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { inventory } from "#modules/inventory";
import { notifications } from "#modules/notifications";
import { orders } from "#modules/orders";
import { payments } from "#modules/payments";
import { products } from "#modules/products";
import { eventually } from "../runtime/testing/eventually.ts";
import { checkOut, type FullCart, fillCart } from "./testing/buyer.ts";
import { asSystem, stockLittleShop } from "./testing/little-shop.ts";
import { type SpawnedShop, spawnShop, temporaryFolder } from "./testing/spawned-shop.ts";

const UNITS = 500;
const CARTS = 30;
/** A whole system starts here eight times, on machines that may be slow. */
const patient = { withinMs: 60_000, despiteErrors: true };

const inTopology = (topology: string, folder: string) =>
  spawnShop({ folder, arguments: ["--no-demo", "--topology", topology] });

/** The processes that work on a folder's databases, each with the files that it has open. */
function processesOn(folder: string): { pid: number; files: string[] }[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids
    .map((pid) => ({ pid: Number(pid), files: filesOf(pid) }))
    .filter(({ files }) => files.some((file) => file.startsWith(`${folder}/`)));
}

function filesOf(pid: string): string[] {
  try {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).map((fd) => readlinkSync(`${folder}/${fd}`));
  } catch {
    return []; // It has ended meanwhile, or is not ours.
  }
}

/** Resolves when nobody has a file of this folder open: a process that was killed had children. */
async function allGone(folder: string): Promise<void> {
  await eventually(
    async () => processesOn(folder).filter(({ pid }) => !isServer(pid)),
    (left) => left.length === 0,
    patient,
  );
}

/** A broker that was left behind is ended by the next start that needs one. */
function isServer(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("nats-server");
  } catch {
    return false;
  }
}

describe("a data folder that moves between topologies while orders are placed", () => {
  const folder = temporaryFolder();
  let shop: SpawnedShop;
  let variantId: string;
  let carts: FullCart[];

  beforeAll(async () => {
    shop = await inTopology("monolith", folder);
    ({ variantId } = await stockLittleShop(shop, { units: UNITS }));
    carts = [];
    for (let one = 0; one < CARTS; one++) {
      const email = `buyer-${one}@example.com`;
      carts.push(await fillCart(shop.client(), { variantId, email }));
    }
  }, 60_000);
  afterAll(async () => {
    await shop?.[Symbol.asyncDispose]();
    await allGone(folder);
    rmSync(folder, { recursive: true, force: true });
  });

  /** Begins to check out these carts and does not wait for what comes of it. */
  function beginCheckouts(some: readonly FullCart[]): void {
    for (const cart of some) {
      void checkOut(shop.url, cart, { token: "tok_ok", key: cart.cartId }).catch(() => {});
    }
  }

  test("loses and doubles no order, event, timer or mail", async () => {
    const moves = [
      ["split", "SIGKILL"],
      ["core", "SIGTERM"],
      ["edge-heavy", "SIGKILL"],
      ["monolith", "SIGKILL"],
    ] as const;
    const takenUnits = async () => {
      const { levels } = await asSystem(folder, inventory.stockOf, { variantId });
      return (levels[0]?.held ?? 0) + (levels[0]?.committed ?? 0);
    };
    let before = 0;
    for (const [index, [topology, signal]] of moves.entries()) {
      beginCheckouts(carts.slice(index * 6, index * 6 + 6));
      // In the middle of it: some of the orders are there, and what follows from them is under way.
      before = await eventually(takenUnits, (units) => units > before, patient);
      process.kill(shop.pid, signal);
      await shop.exited;
      await allGone(folder);
      shop = await inTopology(topology, folder);
    }
    for (const cart of carts) {
      const state = await eventually(
        async () => {
          const { data } = await checkOut(shop.url, cart, { token: "tok_ok", key: cart.cartId });
          return data?.state;
        },
        (found) => found === "confirmed",
        patient,
      );
      expect(state).toBe("confirmed");
    }
    const mails = await eventually(
      () => asSystem(folder, notifications.mailbox, { limit: 100 }),
      (found) =>
        found.filter(({ template, state }) => template === "order-confirmed" && state === "sent")
          .length >= CARTS,
      patient,
    );
    const confirmations = mails.filter(({ template }) => template === "order-confirmed");
    expect(new Set(confirmations.map(({ to }) => to)).size).toBe(CARTS);
    expect(confirmations).toHaveLength(CARTS);
    const { levels } = await eventually(
      () => asSystem(folder, inventory.stockOf, { variantId }),
      (found) => found.levels[0]?.committed === CARTS,
      patient,
    );
    expect(levels[0]).toMatchObject({ onHand: UNITS, held: 0, committed: CARTS });
    expect((await asSystem(folder, orders.reconcile, {})).violations).toEqual([]);
    expect(await asSystem(folder, payments.audit, {})).toEqual([]);
  }, 300_000);
});

describe("a module with readers", () => {
  const folder = temporaryFolder();
  let shop: SpawnedShop;

  beforeAll(async () => {
    shop = await inTopology("core", folder);
    await stockLittleShop(shop, { units: UNITS });
  }, 60_000);
  afterAll(async () => {
    await shop?.[Symbol.asyncDispose]();
    await allGone(folder);
    rmSync(folder, { recursive: true, force: true });
  });

  const ownerOf = (module: string) =>
    processesOn(folder).find(({ files }) => files.includes(`${folder}/${module}.lock`))?.pid;
  const green = () => shop.client().products.v1.products({ slug: "green-tea" }).get();

  test("shows what was written at once, wherever it is read", async () => {
    const { data: product } = await green();
    const variantId = product?.variants[0]?.variantId ?? "";
    for (let amount = 1_000; amount < 1_030; amount++) {
      const price = { amount, currency: "EUR" };
      await asSystem(folder, products.setPrice, { variantId, price });
      expect((await green()).data?.variants[0]?.price).toEqual(price);
    }
  });

  test("goes on answering while its owner dies, and one of the others takes over", async () => {
    const owner = ownerOf("products");
    if (owner === undefined) throw new Error("Nobody owns the products.");
    const statuses: number[] = [];
    process.kill(owner, "SIGKILL");
    for (let time = 0; time < 100; time++) statuses.push((await green()).status);
    expect(new Set(statuses)).toEqual(new Set([200]));
    const { data: product } = await green();
    const variantId = product?.variants[0]?.variantId ?? "";
    const price = { amount: 77, currency: "EUR" };
    await eventually(
      async () =>
        await asSystem(folder, products.setPrice, { variantId, price }).then(
          () => true,
          () => false,
        ),
      (done) => done,
    );
    expect((await green()).data?.variants[0]?.price).toEqual(price);
    expect(ownerOf("products")).not.toBe(owner);
  });
});
