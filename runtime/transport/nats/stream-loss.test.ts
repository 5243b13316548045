import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { cpSync, rmSync } from "node:fs";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { headers } from "@nats-io/transport-node";
import { Broker, type Nats } from "../../testing/broker.ts";
import { consumer, Log } from "../../testing/event-log.ts";
import { eventually } from "../../testing/eventually.ts";
import { connectAs } from "../../testing/nats-server.ts";
import { virtualEnvironment } from "../../testing/virtual-environment.ts";
import type { ModuleLinks } from "../manifest.ts";

const links = (name: string, more: Partial<ModuleLinks> = {}): ModuleLinks => ({
  name,
  queries: [],
  commands: [],
  events: [],
  calls: [],
  reads: [],
  ...more,
});
const manifest = [
  links("shelf", { events: ["taken", "put"] }),
  links("desk", { reads: [{ producer: "shelf", events: ["taken"] }] }),
  links("gossip", { events: ["heard"] }),
  links("spy", { reads: [{ producer: "gossip", events: ["heard"] }] }),
];

let broker: Broker;
/** The producer's. */
let clock: ReturnType<typeof virtualEnvironment>;
let producing: Nats;
let reading: Nats;
let log: Log;
let desk: ReturnType<typeof consumer>;
let publish: ReturnType<Nats["publish"]>;

beforeEach(async () => {
  broker = await Broker.open(manifest);
  clock = virtualEnvironment();
  producing = await broker.connect({ users: ["shelf"], environment: clock });
  reading = await broker.connect({ users: ["desk"] });
  log = new Log();
  desk = consumer("desk", ["taken"]);
  publish = producing.publish(log);
  reading.subscribe(desk.subscription);
});
afterEach(async () => {
  await producing.close();
  await reading.close();
  await broker[Symbol.asyncDispose]();
});

/** Commits events at the producer, some of which the reader wants. */
function commit(count: number): void {
  for (let one = 0; one < count; one++) publish(log.append("taken", "put"));
}

/** Everything that the reader wants has come, once, in order. */
async function allArrived(): Promise<void> {
  const wanted = log.all.filter(({ event }) => event === "taken").map(({ seq }) => seq);
  await eventually(
    async () => {
      clock.moveTo(clock.monotonic() + 200);
      return desk.seqs.length;
    },
    (count) => count >= wanted.length,
  );
  expect(desk.seqs).toEqual(wanted);
}

const store = () => `${broker.folder}/nats/jetstream`;

/** Where the broker has the stream of the producer's events. */
function streamFolder(): string {
  const [found] = new Bun.Glob("**/streams/EV_shelf").scanSync({ cwd: store(), onlyFiles: false });
  return `${store()}/${found}`;
}

describe("no event is lost and none comes twice", () => {
  test("when all streams are deleted under load", async () => {
    commit(200);
    await allArrived();
    commit(100);
    await broker.wipe();
    commit(100);
    await allArrived();
  });

  test("when the broker is killed under load and comes back", async () => {
    commit(300);
    const port = Number(new URL(broker.url).port);
    await broker.kill();
    commit(100);
    await broker.start(port);
    commit(100);
    await allArrived();
  }, 30_000);

  test("when the broker comes back without what it had stored", async () => {
    commit(200);
    await allArrived();
    commit(100);
    const port = Number(new URL(broker.url).port);
    await broker.kill();
    rmSync(store(), { recursive: true });
    commit(100);
    await broker.start(port);
    await allArrived();
  }, 30_000);

  test("when the broker comes back with an older copy of what it had stored", async () => {
    commit(100);
    await allArrived();
    const port = Number(new URL(broker.url).port);
    await broker.kill();
    cpSync(store(), `${broker.folder}/copy`, { recursive: true });
    await broker.start(port);
    commit(200);
    await allArrived();
    await broker.kill();
    rmSync(store(), { recursive: true });
    cpSync(`${broker.folder}/copy`, store(), { recursive: true });
    commit(100);
    await broker.start(port);
    commit(50);
    await allArrived();
  }, 30_000);
});

describe("a reader gets what its consumer does not deliver, without any later event", () => {
  test.each([4, 300])(
    "for the stream alone was put back, by %d events",
    async (lost) => {
      commit(5);
      await allArrived();
      const port = Number(new URL(broker.url).port);
      await broker.kill();
      const messages = `${streamFolder()}/msgs`;
      cpSync(messages, `${broker.folder}/copy`, { recursive: true });
      await broker.start(port);
      commit(lost);
      await allArrived();
      await broker.kill();
      rmSync(messages, { recursive: true });
      cpSync(`${broker.folder}/copy`, messages, { recursive: true });
      await broker.start(port);
      commit(3);
      await allArrived();
    },
    30_000,
  );

  test("for somebody took it in the reader's place", async () => {
    commit(5);
    await allArrived();
    await reading.close();
    commit(3);
    const { url, folder } = broker;
    await using thief = await connectAs("desk", { url, folder });
    const consumer = await jetstream(thief).consumers.get("EV_shelf", "desk");
    for (let taken = 0; taken < 3; taken++) await (await consumer.next())?.ackAck();
    reading = await broker.connect({ users: ["desk"] });
    const position = desk.seqs.at(-1) ?? 0;
    reading.subscribe({ ...desk.subscription, position });
    await allArrived();
  }, 30_000);
});

test("what a relay of the past hands over late is refused, and the order holds", async () => {
  commit(50);
  await allArrived();
  const other = await broker.connect({ users: ["shelf"] });
  const publishToo = other.publish(log);
  for (let round = 0; round < 20; round++) {
    const added = log.append("taken");
    publish(added);
    publishToo(added);
  }
  await allArrived();
  await other.close();
}, 30_000);

test("another's event at a stream's end is not taken for the producer's last one", async () => {
  commit(10);
  await allArrived();
  const { url, folder } = broker;
  await using gossip = await connectAs("gossip", { url, folder });
  await using spy = await connectAs("spy", { url, folder });
  const marked = headers();
  marked.set("cleave-seq", "1000000");
  await jetstream(gossip).publish("ev.gossip.0.heard", "{}", { headers: marked });
  spy.publish("$JS.API.CONSUMER.MSG.NEXT.EV_gossip.spy", "", { reply: "ev.shelf.0.taken" });
  await spy.flush();
  await using shelf = await connectAs("shelf", { url, folder });
  const { streams } = await jetstreamManager(shelf, { checkAPI: false });
  await eventually(
    async () => (await streams.info("EV_shelf")).state.last_seq,
    (seq) => seq > log.all.length,
  );
  publish(log.append("taken"));
  await allArrived();
}, 30_000);
