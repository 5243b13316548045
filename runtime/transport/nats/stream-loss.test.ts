import { expect, test } from "bun:test";
import {
  closeSync,
  cpSync,
  fstatSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { headers } from "@nats-io/transport-node";
import { Broker } from "../../testing/broker.ts";
import { Log } from "../../testing/event-log.ts";
import { eventually } from "../../testing/eventually.ts";
import { links } from "../../testing/links.ts";
import { asModule, connectAs } from "../../testing/nats-server.ts";
import { virtualEnvironment } from "../../testing/virtual-environment.ts";
import {
  type BreakableBroker,
  type Damage,
  openedBy,
  streamLossSuite,
} from "./stream-loss.suite.ts";

const manifest = [
  links("shelf", { events: ["taken", "put"] }),
  links("desk", { reads: [{ producer: "shelf", events: ["taken"] }] }),
  links("gossip", { events: ["heard"] }),
  links("spy", { reads: [{ producer: "gossip", events: ["heard"] }] }),
];

/** A real nats-server, and the folder that it stores in. */
class RealBroker implements BreakableBroker {
  readonly nats: Broker;
  /** The producer's. */
  readonly #clock = virtualEnvironment();
  #port = 0;

  private constructor(nats: Broker) {
    this.nats = nats;
  }

  static async open(): Promise<RealBroker> {
    return new RealBroker(await Broker.open(manifest));
  }

  connect(user: string) {
    const about = { users: [user] };
    return this.nats.connect(user === "shelf" ? { ...about, environment: this.#clock } : about);
  }

  wipe() {
    return this.nats.wipe();
  }

  kill() {
    this.#port = Number(new URL(this.nats.url).port);
    return this.nats.kill();
  }

  stop() {
    this.#port = Number(new URL(this.nats.url).port);
    return this.nats.stop();
  }

  start() {
    return this.nats.start(this.#port);
  }

  watch(): void {
    this.nats.watch();
  }

  damageEvents(damage: Damage): void {
    const [block] = new Bun.Glob("*.blk").scanSync({ cwd: this.#events });
    const file = openSync(`${this.#events}/${block}`, "r+");
    const { size } = fstatSync(file);
    if (damage === "overwritten") writeSync(file, Buffer.alloc(64, 0xaa), 0, 64, size >> 1);
    else writeSync(file, Buffer.alloc(300), 0, 300, size - 300);
    closeSync(file);
  }

  /** Damages what the server knows of the reader while it is down. */
  damageConsumer(damage: "zeroed" | "no folder"): void {
    const folder = `${dirname(this.#events)}/obs/desk`;
    if (damage === "zeroed") {
      const state = `${folder}/o.dat`;
      writeFileSync(state, Buffer.alloc(statSync(state).size));
    } else {
      rmSync(folder, { recursive: true });
      writeFileSync(folder, "");
    }
  }

  copyStore(): void {
    cpSync(this.#store, this.#copy, { recursive: true });
  }

  deleteStore(): void {
    rmSync(this.#store, { recursive: true });
  }

  restoreStore(): void {
    this.deleteStore();
    cpSync(this.#copy, this.#store, { recursive: true });
  }

  copyEvents(): void {
    cpSync(this.#events, this.#copy, { recursive: true });
  }

  restoreEvents(): void {
    rmSync(this.#events, { recursive: true });
    cpSync(this.#copy, this.#events, { recursive: true });
  }

  async steal(count: number) {
    const { url, folder } = this.nats;
    await using thief = await connectAs("desk", { url, folder });
    const consumer = await jetstream(thief, asModule).consumers.get("EV_shelf", "desk");
    for (let taken = 0; taken < count; taken++) await (await consumer.next())?.ackAck();
  }

  passTime(): void {
    this.#clock.moveTo(this.#clock.monotonic() + 200);
  }

  [Symbol.asyncDispose]() {
    return this.nats[Symbol.asyncDispose]();
  }

  get #store(): string {
    return `${this.nats.folder}/nats/jetstream`;
  }

  get #events(): string {
    const options = { cwd: this.#store, onlyFiles: false };
    const [found] = new Bun.Glob("**/streams/EV_shelf").scanSync(options);
    return `${this.#store}/${found}/msgs`;
  }

  get #copy(): string {
    return `${this.nats.folder}/copy`;
  }
}

streamLossSuite("over a real broker", { open: () => RealBroker.open() });

test.each(["zeroed", "no folder"] as const)(
  "no event is lost when the reader's consumer cannot be read (%s)",
  async (damage) => {
    await using closing = new AsyncDisposableStack();
    const broker = closing.use(await RealBroker.open());
    const { commit, allArrived } = await openedBy(broker, closing);
    commit(100);
    await allArrived();
    await broker.stop();
    broker.damageConsumer(damage);
    await broker.start();
    commit(30);
    await allArrived();
  },
  60_000,
);

test("no event of another gets to the end of a producer's stream", async () => {
  await using closing = new AsyncDisposableStack();
  const broker = closing.use(await RealBroker.open());
  const { log, commit, allArrived } = await openedBy(broker, closing);
  commit(10);
  await allArrived();
  const { url, folder } = broker.nats;
  await using gossip = await connectAs("gossip", { url, folder });
  await using spy = await connectAs("spy", { url, folder });
  const marked = headers();
  marked.set("cleave-seq", "1000000");
  await jetstream(gossip, asModule).publish("ev.gossip.0.heard", "{}", { headers: marked });
  spy.publish("jetstream.CONSUMER.MSG.NEXT.EV_gossip.spy", "", { reply: "ev.shelf.0.taken" });
  await spy.flush();
  const read = (await jetstream(spy, asModule).consumers.get("EV_gossip", "spy")).info();
  expect((await read).delivered.stream_seq).toBe(1);
  commit(1);
  await allArrived();
  await using shelf = await connectAs("shelf", { url, folder });
  const { streams } = await jetstreamManager(shelf, { ...asModule, checkAPI: false });
  expect((await streams.info("EV_shelf")).state.last_seq).toBe(log.all.length);
}, 30_000);

test("a stream with another database's events is made anew from the module's own", async () => {
  await using closing = new AsyncDisposableStack();
  const broker = closing.use(await RealBroker.open());
  const { commit, allArrived, closeReader } = await openedBy(broker, closing);
  commit(10);
  await allArrived();
  await closeReader();
  broker.watch();
  const restored = new Log("another database");
  restored.append(...Array.from({ length: 40 }, () => "taken"));
  restored.noteReader("desk", { events: ["taken"], position: 0 });
  const producing = await broker.nats.connect({ users: ["shelf"] });
  closing.defer(() => producing.close());
  producing.publish(restored);
  const { url, folder } = broker.nats;
  await using shelf = await connectAs("shelf", { url, folder });
  const { streams } = await jetstreamManager(shelf, { ...asModule, checkAPI: false });
  const stored = await eventually(
    async () => (await streams.info("EV_shelf")).state.messages,
    (messages) => messages === 40,
    { despiteErrors: true },
  );
  const first = await streams.getMessage("EV_shelf", { seq: 1 });
  expect([stored, first?.header.get("cleave-database")]).toEqual([40, "another database"]);
}, 30_000);
