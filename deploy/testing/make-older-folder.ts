// Makes `older-folder.tar.gz`: a data folder as an earlier commit left it when all of its processes
// were killed, with sagas, timers, holds, events and a dead letter in it.
//
//   bun deploy/testing/make-older-folder.ts <commit>
//
// It uses nothing of this tree, only that commit's command line, HTTP and control socket, so it can
// be run again for a later commit.

import { Database } from "bun:sqlite";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The contents of `begun.json`: the orders under way, and what a test checks them by. */
export interface Begun {
  /** When the processes were killed, in milliseconds since 1970. */
  readonly killedAtMs: number;
  readonly variantId: string;
  readonly units: number;
  readonly password: string;
  /** The unfinished orders, by the state that each was left in. */
  readonly orders: Readonly<Record<Unfinished, Placed>>;
}

type Unfinished =
  | "waiting for a customer"
  | "waiting for a provider"
  | "without an answer of the provider"
  | "ready to pack"
  | "being cancelled"
  | "being dispatched"
  | "being refunded";

/** An order, and what its customer sent for it. */
export interface Placed {
  readonly orderId: string;
  readonly cartToken: string;
  /** Also the idempotency key. */
  readonly cartId: string;
  readonly body: unknown;
}

type Cart = Omit<Placed, "orderId">;

const commit = process.argv[2];
if (commit === undefined) throw new Error("Name the commit, as in 563a990.");
const root = join(import.meta.dir, "../..");
const work = join(tmpdir(), `older-folder-${process.pid}`);
const checkout = join(work, "checkout");
const folder = join(work, "data");
const password = "correct horse battery";
const units = 100;

run(["git", "clone", "--quiet", root, checkout]);
run(["git", "-C", checkout, "checkout", "--quiet", commit]);
run([process.execPath, "install", "--frozen-lockfile", "--silent"], checkout);

let url = "";
const jsonType = { "content-type": "application/json" };

function run(command: string[], cwd?: string, input = ""): void {
  const stdin = Buffer.from(input);
  const { exitCode, stderr } = Bun.spawnSync(command, { stdin, ...(cwd && { cwd }) });
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr}`);
}

/** Starts that commit's shop over the folder and waits until it is ready. */
async function start(topology: string) {
  const about = ["--port", "0", "--data-dir", folder, "--no-demo", "--topology", topology];
  const child = Bun.spawn([process.execPath, "deploy/main.ts", "start", ...about], {
    cwd: checkout,
    env: { ...process.env, LOG_LEVEL: "error" },
    stdout: "pipe",
    stderr: "inherit",
  });
  let printed = "";
  for await (const chunk of child.stdout) {
    printed += new TextDecoder().decode(chunk);
    const found = printed.match(/ready at (\S+)\n/)?.[1];
    if (found === undefined) continue;
    url = found;
    return child;
  }
  throw new Error("That commit's shop did not start.");
}

/** The fields of the answers of all routes below. */
interface Answered {
  readonly cartId: string;
  readonly cartToken: string;
  readonly version: number;
  readonly totals: { readonly total: unknown };
  readonly orderId: string;
  readonly orderToken: string;
  readonly accessToken: string;
  readonly [index: number]: { readonly shipmentId: string };
}

async function ask(
  method: string,
  path: string,
  { body, headers = {} }: { readonly body?: unknown; readonly headers?: object } = {},
): Promise<Answered> {
  const response = await fetch(`${url}/v1/${path}`, {
    method,
    headers: { ...jsonType, ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const answer = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${answer}`);
  return JSON.parse(answer);
}

async function asSystem(module: string, procedure: string, input: unknown) {
  const { askRunning } = await import(join(checkout, "runtime/host/control.ts"));
  return (await askRunning(folder, { module, procedure, input })).output;
}

async function fill(variantId: string, paymentToken: string): Promise<Cart> {
  const { cartId, cartToken } = await ask("POST", "carts");
  const headers = { "x-cart-token": cartToken };
  const about = `carts/${cartId}`;
  const shipping = { name: "A Buyer", line1: "Street 1", city: "Berlin", postcode: "10115" };
  await ask("POST", `${about}/items`, { body: { variantId, quantity: 1 }, headers });
  await ask("PUT", `${about}/contact`, { body: { email: "buyer@example.com" }, headers });
  const address = { shipping: { ...shipping, country: "DE" } };
  await ask("PUT", `${about}/addresses`, { body: address, headers });
  const option = { optionId: "de-standard" };
  const cart = await ask("PUT", `${about}/shipping-option`, { body: option, headers });
  const { version: cartVersion, totals } = cart;
  const body = { cartId, cartVersion, expectedTotal: totals.total, paymentToken };
  return { cartId, cartToken, body };
}

function checkOut({ cartId, cartToken, body }: Cart) {
  const headers = { "x-cart-token": cartToken, "idempotency-key": cartId };
  return ask("POST", "checkouts", { body, headers });
}

async function place(variantId: string, paymentToken: string): Promise<Placed> {
  const cart = await fill(variantId, paymentToken);
  const { orderId } = await checkOut(cart);
  return { ...cart, orderId };
}

/** Reads a module's database beside whoever has it open. */
function rows<Row>(module: string, sql: string): Row[] {
  const database = new Database(join(folder, `${module}.db`), { readonly: true });
  try {
    return database.query<Row, []>(sql).all();
  } finally {
    database.close();
  }
}

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 200; tries++) {
    const found = await look().catch(() => undefined);
    if (found !== undefined) return found;
    await Bun.sleep(50);
  }
  throw new Error(`It did not come about: ${look}`);
}

async function signIn() {
  const about = ["--email", "admin@example.com", "--role", "admin", "--data-dir", folder];
  const create = [process.execPath, "deploy/main.ts", "user", "create", ...about];
  run(create, checkout, `${password}\n`);
  return await signedIn();
}

async function signedIn() {
  const credentials = { email: "admin@example.com", password };
  const { accessToken } = await ask("POST", "auth/login", { body: credentials });
  return { authorization: `Bearer ${accessToken}` };
}

async function packed(order: Placed, staff: object): Promise<string> {
  const shipmentId = await shipmentOf(order, staff);
  await ask("POST", `admin/shipments/${shipmentId}/pack`, { headers: staff });
  return shipmentId;
}

function shipmentOf({ orderId }: Placed, staff: object): Promise<string> {
  return until(async () => {
    const shipments = await ask("GET", `admin/orders/${orderId}/shipments`, { headers: staff });
    return shipments[0]?.shipmentId;
  });
}

const parcel = { carrier: "Post", trackingNumber: "T-1" };
const ship = (shipmentId: string, staff: object) =>
  ask("POST", `admin/shipments/${shipmentId}/ship`, { body: parcel, headers: staff });

const catalogue = {
  categories: [{ slug: "tea", title: "Tea", parent: null }],
  products: [
    {
      slug: "green-tea",
      title: "Green tea",
      description: "Tea leaves that have been steamed and dried without fermenting.",
      synonyms: [],
      category: "tea",
      variants: [
        {
          sku: "TEA-1",
          options: { weight: "100 g" },
          price: { amount: 1_299, currency: "EUR" },
          weightGrams: 120,
          taxClass: "reduced",
          requiresShipping: true,
        },
      ],
    },
  ],
};

// In one process: orders that are confirmed, packed and shipped, and are gone on with below.
const monolith = await start("monolith");
const { variants } = await asSystem("products", "importCatalogue", catalogue);
const variantId: string = variants[0].variantId;
await asSystem("inventory", "stockUp", { lines: [{ variantId, quantity: units }] });
let staff = await signIn();
const ready = await place(variantId, "tok_ok");
await shipmentOf(ready, staff);
const cancelling = await place(variantId, "tok_slow");
await shipmentOf(cancelling, staff);
const dispatching = await place(variantId, "tok_slow");
const dispatched = await packed(dispatching, staff);
const refunding = await place(variantId, "tok_refund_pending");
await ship(await packed(refunding, staff), staff);
monolith.kill("SIGTERM");
await monolith.exited;

// An event that its reaction cannot do anything with.
const producer = new Database(join(folder, "orders.db"));
const last = producer
  .query<{ seq: number }, []>(
    "SELECT max(seq) AS seq FROM cleave_outbox WHERE event = 'orderConfirmed'",
  )
  .get() ?? { seq: 0 };
producer.run(`UPDATE cleave_outbox SET payload = '{"broken":true}' WHERE seq = ?`, [last.seq]);
producer.close();
const consumer = new Database(join(folder, "notifications.db"));
consumer.run("UPDATE cleave_inbox SET position = ? WHERE producer = 'orders'", [last.seq - 1]);
consumer.close();

// In many processes, killed in the middle of all that is begun here.
const split = await start("split");
staff = await signedIn();
await until(async () => {
  const letters = await ask("GET", "admin/dead-letters", { headers: staff });
  return JSON.stringify(letters).includes("orderConfirmed") ? true : undefined;
});
const waiting = await place(variantId, "tok_3ds");
const slow = await fill(variantId, "tok_slow");
const unanswered = await fill(variantId, "tok_timeout_after");
const refund = { amount: { amount: 500, currency: "EUR" }, reason: "A scratch." };
const refunds = `admin/orders/${refunding.orderId}/refunds`;
const { orderToken } = await checkOut(cancelling);
const mine = { "x-order-token": orderToken, "idempotency-key": "cancel" };
const begun = [
  checkOut(slow),
  checkOut(unanswered),
  ask("POST", `orders/${cancelling.orderId}/cancel`, { body: {}, headers: mine }),
  ship(dispatched, staff),
  ask("POST", refunds, { body: refund, headers: { ...staff, "idempotency-key": "refund" } }),
];
const answered = Promise.allSettled(begun);
const live = "state NOT IN ('completed', 'compensated')";
await until(async () => {
  const sagas = [
    ...rows<{ name: string }>("orders", `SELECT name FROM cleave_saga WHERE ${live}`),
    ...rows<{ name: string }>("shipping", `SELECT name FROM cleave_saga WHERE ${live}`),
  ].map(({ name }) => name);
  const isPlacing = sagas.filter((name) => name === "orders.place-order").length === 3;
  const others = ["orders.cancel-order", "shipping.dispatch"];
  return isPlacing && others.every((name) => sagas.includes(name)) ? true : undefined;
});
killAll(split.pid);
const killedAtMs = Date.now();
await answered;

const byCart = new Map(
  rows<{ id: string; cart: string }>(
    "orders",
    "SELECT order_id AS id, cart_id AS cart FROM orders",
  ).map(({ id, cart }) => [cart, id] as const),
);
const placed = (cart: Cart): Placed => ({ ...cart, orderId: byCart.get(cart.cartId) ?? "" });
const about: Begun = {
  killedAtMs,
  variantId,
  units,
  password,
  orders: {
    "waiting for a customer": waiting,
    "waiting for a provider": placed(slow),
    "without an answer of the provider": placed(unanswered),
    "ready to pack": ready,
    "being cancelled": cancelling,
    "being dispatched": dispatching,
    "being refunded": refunding,
  },
};
writeFileSync(join(folder, "begun.json"), JSON.stringify(about, null, 2));
// Each start makes these anew; the others are what was durable.
for (const made of ["control.sock", "nats/server.conf", "nats/server.pid", "nats/url"]) {
  rmSync(join(folder, made), { force: true });
}
const archive = join(import.meta.dir, "older-folder.tar.gz");
run(
  ["tar", "--sort=name", "--owner=0", "--group=0", "--exclude=*-shm", "-czf", archive].concat([
    ...["-C", folder, "."],
  ]),
);
rmSync(work, { recursive: true });

function killAll(parent: number): void {
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8").trim();
  process.kill(parent, "SIGKILL");
  for (const pid of children.split(" ").filter(Boolean)) {
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch {
      // It had ended with its parent.
    }
  }
  const broker = readFileSync(join(folder, "nats/server.pid"), "utf8");
  try {
    process.kill(Number(broker), "SIGKILL");
  } catch {
    // It was among the children.
  }
}
