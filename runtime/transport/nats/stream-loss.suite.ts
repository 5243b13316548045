import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { consumer, Log } from "../../testing/event-log.ts";
import { eventually } from "../../testing/eventually.ts";
import type { Transport } from "../transport.ts";

/** A broker with the streams of a manifest, which can be broken. */
export interface BreakableBroker extends AsyncDisposable {
  connect(user: string): Promise<Transport>;
  /** Deletes all streams, and has them made anew. */
  wipe(): Promise<void>;
  /** Ends it as a crash does, or has it stop. */
  kill(): Promise<void>;
  stop(): Promise<void>;
  /** Starts it again where it was. */
  start(): Promise<void>;
  /** Copies what it has stored, or deletes it, or puts the copy in its place, while it is down. */
  copyStore(): void;
  deleteStore(): void;
  restoreStore(): void;
  /** The same for the events in the producer's stream, without what it knows of its readers. */
  copyEvents(): void;
  restoreEvents(): void;
  /** Damages the file with the producer's events while it is down. */
  damageEvents(damage: Damage): void;
  /** Has those who make streams do so when they are asked to, until it ends. */
  watch(): void;
  /** Takes in and acknowledges so many events in the place of `desk`. */
  steal(count: number): Promise<void>;
  /** Has some time pass for the producer, where it does not pass by itself. */
  passTime(): void;
}

/** In its middle 64 bytes are others, or its last 300 bytes are zeros. */
const damages = ["overwritten", "zeroed"] as const;
export type Damage = (typeof damages)[number];

/** What a suite has opened: two of a broker's users, with what one commits and the other gets. */
export interface Opened {
  readonly broker: BreakableBroker;
  readonly log: Log;
  /** Commits as many pairs of events at the producer, of which the reader wants the first. */
  commit(count: number): void;
  /** Resolves when everything that the reader wants has come, once, in order. */
  allArrived(): Promise<void>;
  /** Closes the reader, and later opens it again where it was. */
  closeReader(): Promise<void>;
  openReader(): Promise<void>;
}

/**
 * What becomes of events when a broker loses what it was given: nothing. `open` makes a broker
 * where `desk` reads what `shelf` says was taken.
 */
export function streamLossSuite(
  name: string,
  { open }: { readonly open: () => Promise<BreakableBroker> },
): void {
  describe(`no event is lost and none comes twice ${name}`, () => {
    let opened: Opened;
    let closing: AsyncDisposableStack;
    beforeEach(async () => {
      closing = new AsyncDisposableStack();
      opened = await openedBy(closing.use(await open()), closing);
    });
    afterEach(() => closing.disposeAsync());
    lossSuite(() => opened);
    copySuite(() => opened);
    standstillSuite(() => opened);
    damageSuite(() => opened);
  });
}

/** Connects a producer and a reader to a broker. */
export async function openedBy(
  broker: BreakableBroker,
  closing: AsyncDisposableStack,
): Promise<Opened> {
  const producing = await broker.connect("shelf");
  closing.defer(() => producing.close());
  let reading = await broker.connect("desk");
  closing.defer(() => reading.close());
  const log = new Log();
  const desk = consumer("desk", ["taken"]);
  const publish = producing.publish(log);
  reading.subscribe(desk.subscription);
  return {
    broker,
    log,
    commit(count) {
      for (let one = 0; one < count; one++) publish(log.append("taken", "put"));
    },
    async allArrived() {
      const wanted = log.all.filter(({ event }) => event === "taken").map(({ seq }) => seq);
      await eventually(
        async () => {
          broker.passTime();
          return desk.seqs.length;
        },
        (count) => count >= wanted.length,
      );
      expect(desk.seqs).toEqual(wanted);
    },
    closeReader: () => reading.close(),
    async openReader() {
      reading = await broker.connect("desk");
      reading.subscribe({ ...desk.subscription, position: desk.seqs.at(-1) ?? 0 });
    },
  };
}

function lossSuite(opened: () => Opened): void {
  test("when all streams are deleted under load", async () => {
    const { broker, commit, allArrived } = opened();
    commit(200);
    await allArrived();
    commit(100);
    await broker.wipe();
    commit(100);
    await allArrived();
  });

  test("when the broker is killed under load and comes back", async () => {
    const { broker, commit, allArrived } = opened();
    commit(300);
    await broker.kill();
    commit(100);
    await broker.start();
    commit(100);
    await allArrived();
  }, 30_000);

  test("when a relay of the past hands over late what the next one has", async () => {
    const { broker, log, commit, allArrived } = opened();
    commit(50);
    await allArrived();
    const other = await broker.connect("shelf");
    const publishToo = other.publish(log);
    for (let round = 0; round < 20; round++) {
      commit(1);
      publishToo(log.all.slice(-2));
    }
    await allArrived();
    await other.close();
  }, 30_000);
}

function damageSuite(opened: () => Opened): void {
  const ways = (["kill", "stop"] as const).flatMap((end) =>
    damages.map((to) => [to, end] as const),
  );

  test.each(ways)(
    "when the stream's file is %s after a %s of the broker",
    async (damage, end) => {
      const { broker, commit, allArrived } = opened();
      commit(100);
      await allArrived();
      await broker[end]();
      broker.damageEvents(damage);
      await broker.start();
      broker.watch();
      commit(30);
      await allArrived();
      commit(30);
      await allArrived();
    },
    60_000,
  );
}

function copySuite(opened: () => Opened): void {
  test("when the broker comes back without what it had stored", async () => {
    const { broker, commit, allArrived } = opened();
    commit(200);
    await allArrived();
    commit(100);
    await broker.kill();
    broker.deleteStore();
    commit(100);
    await broker.start();
    await allArrived();
  }, 30_000);

  test("when the broker comes back with an older copy of what it had stored", async () => {
    const { broker, commit, allArrived } = opened();
    commit(100);
    await allArrived();
    await broker.kill();
    broker.copyStore();
    await broker.start();
    commit(200);
    await allArrived();
    await broker.kill();
    broker.restoreStore();
    commit(100);
    await broker.start();
    commit(50);
    await allArrived();
  }, 30_000);
}

function standstillSuite(opened: () => Opened): void {
  test.each([4, 300])(
    "when the stream alone was put back by %d events, and none follows",
    async (lost) => {
      const { broker, commit, allArrived } = opened();
      commit(5);
      await allArrived();
      await broker.kill();
      broker.copyEvents();
      await broker.start();
      commit(lost);
      await allArrived();
      await broker.kill();
      broker.restoreEvents();
      await broker.start();
      commit(3);
      await allArrived();
    },
    30_000,
  );

  test("when somebody took events in the reader's place, and none follows", async () => {
    const { broker, commit, allArrived, closeReader, openReader } = opened();
    commit(5);
    await allArrived();
    await closeReader();
    commit(3);
    await broker.steal(3);
    await openReader();
    await allArrived();
  }, 30_000);
}
