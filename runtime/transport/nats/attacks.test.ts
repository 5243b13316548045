import { afterAll, beforeAll, expect, test } from "bun:test";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import {
  headers,
  type Msg,
  type NatsConnection,
  PermissionViolationError,
} from "@nats-io/transport-node";
import type { Environment } from "../../contract/environment.ts";
import { realEnvironment } from "../../host/real-environment.ts";
import { jsonLog } from "../../telemetry/json-log.ts";
import { eventually } from "../../testing/eventually.ts";
import { type TestServer, testServer } from "../../testing/nats-server.ts";
import { sampleManifest } from "../../testing/sample/links.ts";
import { virtualEnvironment } from "../../testing/virtual-environment.ts";
import { type ProvisionerOptions, provisioner } from "./provision.ts";
import { callSubject, eventSubject, queueOf } from "./subjects.ts";

// NATS never looks at the reply subject of what is published. These tests hold what that lets a
// module do with perfect permissions, and what it does not: callees and callers check the rest.

let shop: TestServer;
let administrator: NatsConnection;

beforeAll(async () => {
  shop = await testServer(sampleManifest);
  administrator = await shop.connect("provisioner");
  await provisioner(optionsWith(realEnvironment())).ensure();
});
afterAll(() => shop[Symbol.asyncDispose]());

function optionsWith(environment: Environment): ProvisionerOptions {
  return {
    connection: administrator,
    manifest: sampleManifest,
    streamBytesMax: 1024 * 1024,
    environment,
    log: jsonLog({ level: "error", sink: () => {}, now: () => 0 }),
  };
}

const forgedCall = callSubject("orders", "placeOrder", "gateway");

/** What comes in at orders, which serves as any callee does, when `attack` is done. */
async function requestAfter(attack: () => void): Promise<Msg> {
  await using orders = await shop.connect("orders");
  const subscription = orders.subscribe(callSubject("orders", "*", "*"), {
    queue: queueOf("orders"),
    max: 1,
  });
  await orders.flush();
  attack();
  for await (const message of subscription) return message;
  throw new Error("Nothing came in.");
}

/** The next refusal that a connection is told of. */
async function refusal(connection: NatsConnection): Promise<string> {
  for await (const status of connection.status()) {
    if (status.type !== "error") continue;
    if (status.error instanceof PermissionViolationError) return status.error.subject;
  }
  return "closed";
}

test("an event asked for with a forged reply arrives under its own subject", async () => {
  await using orders = await shop.connect("orders");
  await jetstream(orders).publish("ev.orders.0.confirmed", "{}");
  await using mail = await shop.connect("mail");
  const message = await requestAfter(() =>
    mail.publish("$JS.API.CONSUMER.MSG.NEXT.EV_orders.mail", "", { reply: forgedCall }),
  );
  expect(message.subject).toBe("ev.orders.0.confirmed");
});

test("a receipt sent to a forged reply arrives as a call without a caller's inbox", async () => {
  await using payments = await shop.connect("payments");
  const message = await requestAfter(() =>
    payments.publish(eventSubject("payments", "captured"), "{}", { reply: forgedCall }),
  );
  expect(message.subject).toBe(forgedCall);
  expect(message.reply ?? "").toBe("");
  expect(message.json()).toMatchObject({ stream: "EV_payments" });
});

test("nobody may have a stored message sent anywhere as it is", async () => {
  await using payments = await shop.connect("payments");
  const refused = refusal(payments);
  payments.publish("$JS.API.DIRECT.GET.EV_payments", '{"seq":1}', {
    reply: "_INBOX.orders.some.token",
  });
  expect(await refused).toBe("$JS.API.DIRECT.GET.EV_payments");
});

test("any module can aim an answer of the server at an inbox whose tokens it knows", async () => {
  await using payments = await shop.connect("payments");
  await using orders = await shop.connect("orders");
  const inbox = orders.subscribe("_INBOX.orders.known.token", { max: 1 });
  await orders.flush();
  payments.publish("$JS.API.STREAM.INFO.EV_payments", "", { reply: "_INBOX.orders.known.token" });
  for await (const message of inbox) {
    expect(message.json()).toMatchObject({ type: "io.nats.jetstream.api.v1.stream_info_response" });
  }
  expect.assertions(1);
});

test("what a module has the server put into another's stream is no event of that one", async () => {
  await using orders = await shop.connect("orders");
  await using mail = await shop.connect("mail");
  const marked = headers();
  marked.set("cleave-seq", "1000");
  await jetstream(orders).publish("ev.orders.0.confirmed", "{}", { headers: marked });
  const reply = eventSubject("payments", "captured");
  const { streams } = await jetstreamManager(administrator, { checkAPI: false });
  const before = (await streams.info("EV_payments")).state.last_seq;

  orders.publish("ev.orders.0.placed", "{}", { reply });
  orders.publish("$JS.API.STREAM.INFO.EV_orders", "", { reply });
  orders.publish("$JS.API.STREAM.MSG.GET.EV_orders", '{"seq":1}', { reply });
  mail.publish("$JS.API.CONSUMER.MSG.NEXT.EV_orders.mail", '{"batch":9}', { reply });
  await eventually(
    async () => (await streams.info("EV_payments")).state.last_seq,
    (seq) => seq >= before + 4,
  );
  await using payments = await shop.connect("payments");
  const own = (await jetstreamManager(payments, { checkAPI: false })).streams;
  for (let seq = before + 1; seq <= before + 4; seq++) {
    const message = await own.getMessage("EV_payments", { seq });
    const isForeign = message?.subject !== reply;
    expect(isForeign || message?.header.has("cleave-seq") === false).toBe(true);
  }
});

test("a stream that a module has the server delete is made again by the watch", async () => {
  await using mail = await shop.connect("mail");
  const consumer = await jetstream(mail).consumers.get("EV_orders", "mail");
  for await (const event of await consumer.fetch({ max_messages: 100, expires: 1_000 }))
    event.ack();
  const { streams } = await jetstreamManager(administrator, { checkAPI: false });
  const environment = virtualEnvironment();
  const stop = provisioner(optionsWith(environment)).watch();

  mail.publish("$JS.API.CONSUMER.MSG.NEXT.EV_orders.mail", '{"batch":1,"no_wait":true}', {
    reply: "$JS.API.STREAM.DELETE.EV_inventory",
  });
  const exists = async () =>
    await streams.info("EV_inventory").then(
      () => true,
      () => false,
    );
  await eventually(exists, (there) => !there);
  environment.moveTo(environment.monotonic() + 2_000);
  await eventually(exists, (there) => there);
  stop();
});

test("a module cannot have another's stream made anew by way of the server's replies", async () => {
  await using orders = await shop.connect("orders");
  await jetstream(orders).publish("ev.orders.0.confirmed", '{"rebuild":"x"}');
  await using mail = await shop.connect("mail");
  await using observer = await shop.connect("provisioner");
  const { streams } = await jetstreamManager(administrator, { checkAPI: false });
  const before = (await streams.info("EV_inventory")).created;
  const stop = provisioner(optionsWith(realEnvironment())).watch();
  const heard = observer.subscribe("rebuild.*", { max: 4 });
  await observer.flush();

  const reply = "rebuild.inventory";
  orders.publish("ev.orders.0.placed", "{}", { reply });
  orders.publish("$JS.API.STREAM.INFO.EV_orders", "", { reply });
  orders.publish("$JS.API.STREAM.MSG.GET.EV_orders", '{"seq":1}', { reply });
  mail.publish("$JS.API.CONSUMER.MSG.NEXT.EV_orders.mail", '{"batch":1,"no_wait":true}', { reply });
  for await (const { subject } of heard) expect(subject).toMatch(/^(rebuild|ev)\./);
  await administrator.flush();

  expect((await streams.info("EV_inventory")).created).toBe(before);
  stop();
});

test.each([
  ["emptied", "PURGE.EV_parcels", ""],
  ["robbed of a message", "MSG.DELETE.EV_parcels", '{"seq":1}'],
])("no stream can be %s", async (_what, deed, request) => {
  await using parcels = await shop.connect("parcels");
  const { seq } = await jetstream(parcels).publish("ev.parcels.0.shipped", "{}");
  const subject = `$JS.API.STREAM.${deed}`;
  parcels.publish("ev.parcels.0.shipped", request, { reply: subject });
  const { streams } = await jetstreamManager(administrator, { checkAPI: false });
  await eventually(
    async () => (await streams.info("EV_parcels")).state,
    ({ last_seq, messages }) => last_seq === seq + 1 && messages === last_seq,
  );
});

test("a module cannot make a consumer that pushes events into the calls of another", async () => {
  await using mail = await shop.connect("mail");
  const { consumers } = await jetstreamManager(mail, { checkAPI: false, timeout: 2_000 });
  const config = { durable_name: "mail", deliver_subject: forgedCall };
  await expect(consumers.add("EV_orders", config)).rejects.toMatchObject({
    cause: expect.any(PermissionViolationError),
  });
});
