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
import { asModule, type TestServer, testServer } from "../../testing/nats-server.ts";
import { sampleManifest } from "../../testing/sample/links.ts";
import { isOlder } from "./executable.ts";
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
  await jetstream(orders, asModule).publish("ev.orders.0.confirmed", "{}");
  await using mail = await shop.connect("mail");
  const message = await requestAfter(() =>
    mail.publish("jetstream.CONSUMER.MSG.NEXT.EV_orders.mail", "", { reply: forgedCall }),
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

test.each(["$JS.API", "jetstream"])(
  "nobody may have a stored message sent anywhere, %s",
  async (api) => {
    await using payments = await shop.connect("payments");
    const refused = refusal(payments);
    const subject = `${api}.DIRECT.GET.EV_payments`;
    payments.publish(subject, '{"seq":1}', { reply: "_INBOX.orders.some.token" });
    expect(await refused).toBe(subject);
  },
);

test("any module can aim an answer of the server at an inbox whose tokens it knows", async () => {
  await using payments = await shop.connect("payments");
  await using orders = await shop.connect("orders");
  const inbox = orders.subscribe("_INBOX.orders.known.token", { max: 1 });
  await orders.flush();
  payments.publish("jetstream.STREAM.INFO.EV_payments", "", { reply: "_INBOX.orders.known.token" });
  for await (const message of inbox) {
    expect(message.json()).toMatchObject({ type: "io.nats.jetstream.api.v1.stream_info_response" });
  }
  expect.assertions(1);
});

/** What each module may ask the server, whose answer goes to a subject of the module's choice. */
const requests: readonly (readonly [user: string, subject: string, payload: string])[] = [
  ["orders", "ev.orders.0.placed", "{}"],
  ["orders", "jetstream.STREAM.INFO.EV_orders", ""],
  ["orders", "jetstream.STREAM.MSG.GET.EV_orders", '{"seq":1}'],
  ["orders", "jetstream.CONSUMER.INFO.EV_orders.mail", ""],
  ["mail", "jetstream.CONSUMER.INFO.EV_orders.mail", ""],
  ["mail", "jetstream.CONSUMER.MSG.NEXT.EV_orders.mail", '{"batch":1,"no_wait":true}'],
  ["mail", "jetstream.CONSUMER.MSG.NEXT.EV_orders.mail", '{"batch":9,"no_wait":true}'],
  ["mail", "jetstream.CONSUMER.MSG.NEXT.EV_orders.mail", '{"batch":1,"expires":1}'],
  ["mail", "jetstream.CONSUMER.MSG.NEXT.EV_orders.mail", "{"],
  ["mail", "$JS.ACK.EV_orders.mail.1.1.1.1700000000000000000.0", "+NXT"],
  ["orders", "rebuild.orders", "{}"],
];

const wildcards = ["ev.>", "jetstream.STREAM.INFO.*", "jetstream.>", ">", "*"];

/** Servers before 2.9.15 end when whoever asks JetStream names a wildcard as reply subject. */
const endsOnWildcards = () => isOlder(shop.server.version, "2.9.15");

/** What the server, or the provisioner, does for whoever publishes there. */
const aims = (pending: string): readonly string[] => [
  ...["$JS.API", "jetstream"].flatMap((api) => [
    ...["DELETE", "PURGE", "MSG.DELETE", "UPDATE", "INFO", "SNAPSHOT", "LEADER.STEPDOWN"].map(
      (deed) => `${api}.STREAM.${deed}.EV_payments`,
    ),
    `${api}.STREAM.CREATE.OTHER`,
    `${api}.CONSUMER.DELETE.EV_payments.orders`,
    `${api}.CONSUMER.CREATE.EV_payments.other`,
    `${api}.CONSUMER.DURABLE.CREATE.EV_payments.other`,
    `${api}.CONSUMER.MSG.NEXT.EV_payments.orders`,
    `${api}.CONSUMER.MSG.NEXT.EV_payments.parcels`,
    `${api}.ACCOUNT.PURGE.CLEAVE`,
  ]),
  eventSubject("payments", "captured"),
  eventSubject("inventory", "ranOut"),
  pending,
  "rebuild.payments",
  // Back to the asker, to no subject at all, and to what the server keeps for itself.
  "jetstream.CONSUMER.MSG.NEXT.EV_orders.mail",
  "jetstream.STREAM.INFO.EV_orders",
  eventSubject("orders", "placed"),
  ...["jetstream.STREAM.INFO", "a..b", ...(endsOnWildcards() ? [] : wildcards)],
  ...["_R_.abcdef.ghijkl", "$SYS.REQ.SERVER.PING", "$SYS.REQ.ACCOUNT.PING.CONNZ", "$JSC.R.a"],
];

/** Everything of the streams of payments and inventory that somebody could have changed. */
async function stateOfOthers(): Promise<unknown> {
  const { streams, consumers } = await jetstreamManager(administrator, { checkAPI: false });
  const names: string[] = [];
  for await (const name of streams.names()) names.push(name);
  const states = ["payments", "inventory"].map(async (module) => {
    const { created, config, state } = await streams.info(`EV_${module}`);
    const { messages, last_seq } = state;
    const readers = module === "payments" ? ["orders", "parcels"] : [];
    const consumed = readers.map(async (reader) => {
      const found = await consumers.info(`EV_${module}`, reader);
      const { num_ack_pending, num_waiting, num_pending, delivered, ack_floor } = found;
      const at = [delivered.stream_seq, delivered.consumer_seq, ack_floor.stream_seq];
      return [found.created, found.config, num_ack_pending, num_waiting, num_pending, at];
    });
    const { consumer_count } = state;
    const about = { created, config, messages, last_seq, consumer_count };
    return [about, await Promise.all(consumed)];
  });
  return [names.toSorted(), await Promise.all(states)];
}

/** Takes one event, and returns where it would be acknowledged. */
async function receiptOfOne(connection: NatsConnection, pull: string): Promise<string> {
  const reply = `_INBOX.orders.${pull}`;
  const inbox = connection.subscribe(reply, { max: 1 });
  connection.publish(pull, '{"batch":1}', { reply });
  for await (const event of inbox) return event.reply ?? "";
  throw new Error("No event came.");
}

test("nothing that a module has the server answer to reaches the streams of others", async () => {
  await using orders = await shop.connect("orders");
  await using mail = await shop.connect("mail");
  await using payments = await shop.connect("payments");
  await using observer = await shop.connect("provisioner");
  const stop = provisioner(optionsWith(realEnvironment())).watch();
  const heard: string[] = [];
  observer.subscribe("rebuild.*", { callback: (_error, { subject }) => void heard.push(subject) });
  await observer.flush();
  const producer = jetstream(orders, asModule);
  for (let count = 0; count < 3; count++) {
    await jetstream(payments, asModule).publish(eventSubject("payments", "captured"), "{}");
  }
  const pending = await receiptOfOne(orders, "jetstream.CONSUMER.MSG.NEXT.EV_payments.orders");
  expect(pending).toStartWith("$JS.ACK.EV_payments.orders.");
  const before = await stateOfOthers();

  const marked = headers();
  marked.set("cleave-seq", "1000");
  const bogus = '{"rebuild":"x","batch":1,"name":"EV_payments","seq":1}';
  for (const reply of aims(pending)) {
    // So that there is a message to be had, whose payload would pass for a request.
    await producer.publish("ev.orders.0.confirmed", bogus, { headers: marked });
    for (const [user, subject, payload] of requests) {
      (user === "mail" ? mail : orders).publish(subject, payload, { reply });
    }
    await orders.flush();
    await mail.flush();
  }
  // What comes after all this, and is answered, shows that all of it was seen to.
  const own = await jetstreamManager(mail, { ...asModule, checkAPI: false });
  const { delivered } = await own.consumers.info("EV_orders", "mail");
  expect(delivered.consumer_seq).toBeGreaterThan(10);
  await observer.flush();

  expect(await stateOfOthers()).toEqual(before);
  expect(heard.filter((subject) => subject !== "rebuild.orders")).toEqual([]);
  stop();
}, 30_000);

test("events are delivered while a module aims answers at what would end that", async () => {
  await using mail = await shop.connect("mail");
  await using parcels = await shop.connect("parcels");
  await using payments = await shop.connect("payments");
  const consumer = await jetstream(parcels, asModule).consumers.get("EV_payments", "parcels");
  const producer = jetstream(payments, asModule);
  for (let count = 0; count < 50; count++) {
    for (const deed of ["STREAM.DELETE.EV_payments", "CONSUMER.DELETE.EV_payments.parcels"]) {
      mail.publish("jetstream.CONSUMER.MSG.NEXT.EV_orders.mail", '{"batch":1,"no_wait":true}', {
        reply: `$JS.API.${deed}`,
      });
    }
    await mail.flush();
    await producer.publish(eventSubject("payments", "refunded"), `${count}`);
    await producer.publish(eventSubject("payments", "captured"), `${count}`);
  }
  const wanted = Array.from({ length: 50 }, (_, count) => `${count}`);
  const taken: string[] = [];
  while (taken.at(-1) !== wanted.at(-1)) {
    const event = await consumer.next();
    if (event?.subject === eventSubject("payments", "captured")) taken.push(event.string());
    event?.ack();
  }
  expect(taken.slice(-50)).toEqual(wanted);
}, 30_000);

test("a module cannot make a consumer that pushes events into the calls of another", async () => {
  await using mail = await shop.connect("mail");
  for (const api of [{}, asModule]) {
    const { consumers } = await jetstreamManager(mail, { ...api, checkAPI: false, timeout: 2_000 });
    const config = { durable_name: "mail", deliver_subject: forgedCall };
    await expect(consumers.add("EV_orders", config)).rejects.toMatchObject({
      cause: expect.any(PermissionViolationError),
    });
  }
});
