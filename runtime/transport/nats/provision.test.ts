import { expect, test } from "bun:test";
import {
  AckPolicy,
  DeliverPolicy,
  jetstream,
  jetstreamManager,
  StorageType,
} from "@nats-io/jetstream";
import { type NatsConnection, PermissionViolationError } from "@nats-io/transport-node";
import { realEnvironment } from "../../host/real-environment.ts";
import { jsonLog } from "../../telemetry/json-log.ts";
import { eventually } from "../../testing/eventually.ts";
import { asModule, type TestServer, testServer } from "../../testing/nats-server.ts";
import { sampleManifest } from "../../testing/sample/links.ts";
import { virtualEnvironment } from "../../testing/virtual-environment.ts";
import type { Manifest } from "../manifest.ts";
import { isOlder } from "./executable.ts";
import { type ProvisionerOptions, provisioner } from "./provision.ts";

const MEGABYTE = 1024 * 1024;

interface Given extends AsyncDisposable {
  readonly shop: TestServer;
  readonly connection: NatsConnection;
  readonly options: ProvisionerOptions;
  /** What the provisioner has logged. */
  readonly lines: string[];
}

/** A server with no stream on it, and a provisioner's connection to it. */
async function emptyServer(): Promise<Given> {
  const shop = await testServer(sampleManifest);
  const connection = await shop.connect("provisioner");
  const lines: string[] = [];
  const log = jsonLog({ level: "debug", sink: (line) => lines.push(line), now: () => 0 });
  const options: ProvisionerOptions = {
    connection,
    manifest: sampleManifest,
    streamBytesMax: MEGABYTE,
    environment: realEnvironment(),
    log,
  };
  return {
    shop,
    connection,
    options,
    lines,
    [Symbol.asyncDispose]: () => shop[Symbol.asyncDispose](),
  };
}

async function managerOf(connection: NatsConnection) {
  return await jetstreamManager(connection, { checkAPI: false });
}

async function streamNames(connection: NatsConnection): Promise<string[]> {
  const names: string[] = [];
  for await (const name of (await managerOf(connection)).streams.names()) names.push(name);
  return names.toSorted();
}

/** When each stream and consumer of orders was made, to see whether it was made anew. */
async function birthdays(connection: NatsConnection): Promise<string[]> {
  const { streams, consumers } = await managerOf(connection);
  return [
    (await streams.info("EV_orders")).created,
    (await consumers.info("EV_orders", "mail")).created,
    (await consumers.info("EV_orders", "inventory")).created,
  ];
}

test("each module with events gets a stream, and each of its readers a consumer", async () => {
  await using given = await emptyServer();
  await provisioner(given.options).ensure();

  const { streams, consumers } = await managerOf(given.connection);
  const producers = ["EV_inventory", "EV_orders", "EV_parcels", "EV_payments"];
  expect(await streamNames(given.connection)).toEqual(producers);
  expect((await streams.info("EV_orders")).config).toMatchObject({
    subjects: ["ev.orders.>"],
    storage: "file",
    retention: "limits",
    discard: "old",
    max_bytes: MEGABYTE,
    max_age: 7 * 24 * 60 * 60 * 1e9,
    num_replicas: 1,
  });
  expect((await consumers.info("EV_orders", "inventory")).config).toMatchObject({
    durable_name: "inventory",
    ack_policy: "explicit",
    ack_wait: 30e9,
    max_ack_pending: 1_024,
    deliver_policy: "all",
    filter_subject: "ev.orders.0.cancelled",
  });
  const several = (await consumers.info("EV_orders", "mail")).config;
  expect(several.filter_subject).toBeUndefined();
  expect(several.filter_subjects).toEqual(
    isOlder(given.shop.server.version, "2.10.0")
      ? undefined
      : ["ev.orders.0.cancelled", "ev.orders.0.confirmed"],
  );
});

test("a server that knows one filter is told of once, with whom it sends more", async () => {
  await using given = await emptyServer();
  const { ensure } = provisioner(given.options);
  await ensure();
  await ensure();
  const told = given.lines.filter((line) => line.includes("filters a consumer by one event"));
  const isOld = isOlder(given.shop.server.version, "2.10.0");
  expect(told).toHaveLength(isOld ? 1 : 0);
  if (isOld) expect(JSON.parse(told[0] ?? "").consumers).toContain("mail of orders");
});

test("ensuring again changes nothing, and keeps what is not in the manifest", async () => {
  await using given = await emptyServer();
  const { ensure } = provisioner(given.options);
  await ensure();
  const before = await birthdays(given.connection);
  const { streams } = await managerOf(given.connection);
  await provisioner({ ...given.options, manifest: sampleManifest.slice(0, 1) }).ensure();
  await ensure();
  expect(await birthdays(given.connection)).toEqual(before);
  expect(await streamNames(given.connection)).toHaveLength(4);
  expect((await streams.info("EV_orders")).state.consumer_count).toBe(3);
});

test("what differs is set right, and no event is lost by it", async () => {
  await using given = await emptyServer();
  const { ensure } = provisioner(given.options);
  await ensure();
  const orders = await given.shop.connect("orders");
  await jetstream(orders, asModule).publish("ev.orders.0.cancelled", "{}");
  const { streams, consumers } = await managerOf(given.connection);
  const before = await birthdays(given.connection);
  await streams.update("EV_orders", { max_age: 1e9 * 3_600, max_bytes: 2 * MEGABYTE });
  await consumers.update("EV_orders", "mail", { ack_wait: 1e9 });
  await consumers.update("EV_orders", "inventory", { max_ack_pending: 1 });

  await ensure();
  const { config, state } = await streams.info("EV_orders");
  expect(config).toMatchObject({ max_age: 7 * 24 * 60 * 60 * 1e9, max_bytes: MEGABYTE });
  expect(state.messages).toBe(1);
  const mail = await consumers.info("EV_orders", "mail");
  expect(mail.config.ack_wait).toBe(30e9);
  expect(mail.num_pending).toBe(1);
  const inventory = await consumers.info("EV_orders", "inventory");
  expect(inventory.config.max_ack_pending).toBe(1_024);
  expect(await birthdays(given.connection)).toEqual(before);
});

test("a reader that asks for other events is given those, and also the older ones", async () => {
  await using given = await emptyServer();
  const reading = async (...events: string[]) => {
    const reads = [{ producer: "orders", events }];
    const manifest: Manifest = sampleManifest.map((one) =>
      one.name === "mail" ? { ...one, reads } : one,
    );
    await provisioner({ ...given.options, manifest }).ensure();
    const { consumers } = await managerOf(given.connection);
    return await consumers.info("EV_orders", "mail");
  };
  await reading("confirmed");
  const orders = jetstream(await given.shop.connect("orders"), asModule);
  for (const event of ["placed", "cancelled", "confirmed"]) {
    await orders.publish(`ev.orders.0.${event}`, "{}");
  }
  const mail = jetstream(await given.shop.connect("mail"), asModule);
  await (await mail.consumers.get("EV_orders", "mail")).next().then((event) => event?.ackAck());

  const one = await reading("placed");
  expect(one.config.filter_subject).toBe("ev.orders.0.placed");
  expect(one.num_pending).toBe(1);
  const several = await reading("placed", "cancelled");
  expect(several.config.filter_subject).toBeUndefined();
  expect(several.num_pending).toBeGreaterThanOrEqual(2);
});

test("a consumer that pushes, or begins late, is made anew", async () => {
  await using given = await emptyServer();
  const { ensure } = provisioner(given.options);
  await ensure();
  const { consumers } = await managerOf(given.connection);
  const wrong = [
    { ack_policy: AckPolicy.Explicit, deliver_subject: "_INBOX.provisioner.a" },
    { ack_policy: AckPolicy.None, deliver_policy: DeliverPolicy.New },
  ];
  for (const config of wrong) {
    await consumers.delete("EV_orders", "mail");
    await consumers.add("EV_orders", { durable_name: "mail", ...config });
    await ensure();
    const found = (await consumers.info("EV_orders", "mail")).config;
    expect(found).toMatchObject({ ack_policy: "explicit", deliver_policy: "all" });
    expect(found.deliver_subject).toBeUndefined();
  }
});

test("a stream in memory is not thrown away unasked", async () => {
  await using given = await emptyServer();
  const { streams } = await managerOf(given.connection);
  await streams.add({ name: "EV_orders", subjects: ["ev.orders.>"], storage: StorageType.Memory });
  await expect(provisioner(given.options).ensure()).rejects.toThrow(
    "The stream EV_orders is kept in another way (memory, limits) than Cleave needs (file, limits)",
  );
});

test("a server without room for a stream is told from other failures", async () => {
  await using given = await emptyServer();
  const streamBytesMax = Number.MAX_SAFE_INTEGER;
  await expect(provisioner({ ...given.options, streamBytesMax }).ensure()).rejects.toThrow(
    "The nats-server refuses to keep the events of orders: ",
  );
});

test("what disappears is made again by the watch, which looks every two seconds", async () => {
  await using given = await emptyServer();
  const environment = virtualEnvironment();
  const { ensure, watch } = provisioner({ ...given.options, environment });
  await ensure();
  const { streams, consumers } = await managerOf(given.connection);
  const stop = watch();
  const lookAgain = async () => {
    environment.moveTo(environment.monotonic() + 2_000);
    await eventually(
      async () => environment.nextTimerAtMs(),
      (atMs) => atMs === environment.monotonic() + 2_000,
    );
  };
  await streams.delete("EV_payments");
  await lookAgain();
  expect(await streamNames(given.connection)).toContain("EV_payments");
  await consumers.delete("EV_orders", "mail");
  await lookAgain();
  expect((await consumers.info("EV_orders", "mail")).name).toBe("mail");
  expect(given.lines.filter((line) => !line.includes('"level":"info"'))).toEqual([]);
  stop();
  expect(environment.nextTimerAtMs()).toBeUndefined();
});

test("a stream is made anew when its producer says it is damaged, once in a while", async () => {
  await using given = await emptyServer();
  const environment = virtualEnvironment();
  const { ensure, watch } = provisioner({ ...given.options, environment });
  await ensure();
  const stop = watch();
  const orders = await given.shop.connect("orders");
  await given.connection.flush();
  const request = async () => {
    orders.publish("rebuild.orders", '{"rebuild":"message 7 cannot be read"}');
    await orders.flush();
    await given.connection.flush();
  };
  const before = await birthdays(given.connection);
  const born = () => birthdays(given.connection).catch(() => before);

  await request();
  const anew = await eventually(born, ([stream]) => stream !== before[0]);
  expect(anew.every((birthday, index) => birthday !== before[index])).toBe(true);
  expect(given.lines.join()).toContain("message 7 cannot be read");
  environment.moveTo(environment.monotonic() + 9_000);
  await request();
  expect(await birthdays(given.connection)).toEqual(anew);
  environment.moveTo(environment.monotonic() + 1_000);
  await request();
  await eventually(born, ([stream]) => stream !== before[0] && stream !== anew[0]);
  stop();
});

test("after a reconnect, everything is ensured at once", async () => {
  await using given = await emptyServer();
  const environment = virtualEnvironment();
  const { ensure, watch } = provisioner({ ...given.options, environment });
  await ensure();
  const stop = watch();
  const { streams } = await managerOf(await given.shop.connect("provisioner"));
  await streams.update("EV_orders", { max_bytes: 2 * MEGABYTE });
  await given.connection.reconnect();
  await eventually(
    async () => (await streams.info("EV_orders")).config.max_bytes,
    (bytes) => bytes === MEGABYTE,
  );
  stop();
});

test("with what it may do, a module publishes its events and a reader takes them in", async () => {
  await using given = await emptyServer();
  await provisioner(given.options).ensure();
  const orders = await given.shop.connect("orders");
  const mail = await given.shop.connect("mail");
  const refusals: Error[] = [];
  for (const connection of [orders, mail]) void collectRefusals(connection, refusals);

  const producer = jetstream(orders, { ...asModule, timeout: 2_000 });
  const publish = (base: number) =>
    producer.publish("ev.orders.0.confirmed", "{}", { expect: { lastSequence: base } });
  await Promise.all([publish(0), publish(1), publish(2)]);
  await expect(publish(0)).rejects.toMatchObject({ code: 10_071 });
  const { streams } = await jetstreamManager(orders, { ...asModule, checkAPI: false });
  expect((await streams.info("EV_orders")).state.last_seq).toBe(3);
  const message = await streams.getMessage("EV_orders", { seq: 3 });
  expect(message?.subject).toBe("ev.orders.0.confirmed");

  const consumer = await jetstream(mail, asModule).consumers.get("EV_orders", "mail");
  const taken: boolean[] = [];
  for await (const event of await consumer.fetch({ max_messages: 3, expires: 5_000 })) {
    event.working();
    taken.push(await event.ackAck());
  }
  expect(taken).toEqual([true, true, true]);
  expect((await consumer.info()).num_ack_pending).toBe(0);
  expect(refusals).toEqual([]);
});

async function collectRefusals(connection: NatsConnection, into: Error[]): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type !== "error") continue;
    if (status.error instanceof PermissionViolationError) into.push(status.error);
  }
}
