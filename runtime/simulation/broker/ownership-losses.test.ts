import { expect, test } from "bun:test";
import { silent } from "../../testing/silent-log.ts";
import type { Link } from "../../transport/nats/link.ts";
import { ownedManifest } from "../../transport/nats/ownership.suite.ts";
import { Ownership } from "../../transport/nats/ownership.ts";
import type { FaultRates } from "../faults.ts";
import { Process } from "../process.ts";
import type { Seeded } from "../seeded.ts";
import { smallWorld } from "../small-world.ts";
import type { World } from "../world.ts";
import { SimulatedBroker } from "./broker.ts";
import type { Line } from "./line.ts";
import type { Session } from "./session.ts";
import { Small } from "./small.ts";
import type { Wire } from "./wire.ts";

// Owners of the shelf over links that lose, double and delay what is sent, and break.

const about = { manifest: ownedManifest };
/** How many runs of rivals there are, how long each is, and how often it is looked at. */
const SEEDS = 20;
const SECONDS = 120;
const LOOK_MS = 5;
const RIVALS_MAX = 3;

/** A small broker whose links fail at these rates from now on. */
function failing(rates: Partial<FaultRates>, seed = 1): Small {
  const small = new Small(seed, rates, about);
  small.world.faults.on = true;
  return small;
}

/** An ownership as a process has it; `incarnation` are the bits that it is found by. */
function ownershipOf(process: Process, connection: Link, incarnation?: number): Ownership {
  const { environment } = process;
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32BE(incarnation ?? 0);
  let draws = 0;
  const randomBytes = (count: number) =>
    draws++ === 0 && incarnation !== undefined ? bytes : environment.randomBytes(count);
  return new Ownership({
    connection,
    module: "shelf",
    database: `db-${process.name}`,
    instance: process.name,
    place: "a test",
    environment: { ...environment, randomBytes },
    clock: environment,
    log: silent,
    onLost: () => {},
  });
}

/** What came of a claim so far. */
function outcomeOf(ownership: Ownership): () => string {
  let outcome = "claiming";
  ownership.claim().then(
    () => {
      outcome = "owning";
    },
    (error: unknown) => {
      outcome = String(error);
    },
  );
  return () => outcome;
}

test.each([0.2, 0.5, 0.8])("who loses %d of all answers owns its module all the same", (rate) => {
  for (let seed = 1; seed <= 20; seed++) {
    const small = failing({ "reply-lost": rate }, seed);
    const process = small.process("a");
    const outcome = outcomeOf(ownershipOf(process, small.connect("shelf", process)));
    small.pass(120_000);
    expect(outcome()).toBe("owning");
  }
});

test("two answers to one question, which was doubled, say nothing of another one", () => {
  const small = failing({ "message-doubled": 1 });
  const mute = small.connect("shelf", small.process("mute"));
  mute.listen("owner.shelf.23.*", () => {});
  small.pass(10);
  const process = small.process("a");
  const outcome = outcomeOf(ownershipOf(process, small.connect("shelf", process)));
  small.pass(15_000);
  expect(outcome()).toBe("claiming");
});

test("what was found before the connection was lost is asked for again", () => {
  const small = failing({});
  const [a, b] = [small.process("a"), small.process("b")];
  const mute = small.connect("shelf", small.process("mute"));
  mute.listen("owner.shelf.0.1", () => {});
  small.pass(10);
  const first = outcomeOf(ownershipOf(a, small.connect("shelf", a), 0));
  small.pass(3_000);
  expect(first()).toBe("claiming");

  void mute.close();
  small.pass(10);
  // The first has yet to ask for the one bit in which it is like the second.
  small.broker.kill();
  small.broker.start();
  a.stop(5_000);
  const second = outcomeOf(ownershipOf(b, small.connect("shelf", b), 0xfffffe00));
  small.pass(4_000);
  expect(second()).toBe("owning");
  small.pass(20_000);
  expect(first()).toContain("shelf is owned by the instance b");
});

/** A broker that tells which of its sessions is a process's. */
class WatchedBroker extends SimulatedBroker {
  readonly sessions = new Map<string, Session>();

  override accept(wire: Wire, line: Line): Session {
    const session = super.accept(wire, line);
    this.sessions.set(wire.process.name, session);
    return session;
  }
}

/** A process that claims the shelf, from its start to its end. */
interface Claimant {
  readonly process: Process;
  ownership?: Ownership;
  isOwning: boolean;
  isOver: boolean;
}

/** Processes that come and go at one broker, and each claim the shelf. */
class Rivals {
  readonly #world: World;
  readonly #broker: WatchedBroker;
  readonly #seed: Seeded;
  #all: Claimant[] = [];
  #count = 0;

  constructor(rates: Partial<FaultRates>, seed: number) {
    this.#world = smallWorld(rates, seed);
    this.#broker = new WatchedBroker(this.#world, about);
    this.#broker.provision();
    this.#seed = this.#world.seed.fork("rivals");
    this.#world.faults.on = true;
  }

  /** Those that may serve: they take themselves for owners, and the broker has their session. */
  get owners(): string[] {
    return this.#all
      .filter(({ process, ownership, isOwning }) => {
        const isConnected = this.#broker.sessions.get(process.name)?.isOpen === true;
        return isOwning && ownership?.pending === undefined && isConnected && !process.isGone;
      })
      .map(({ process }) => process.name);
  }

  /** Lets a second pass. Throws as soon as two own the shelf. */
  passSecond(): void {
    const endMs = this.#world.nowMs + 1_000;
    while (this.#world.nowMs < endMs) {
      this.#world.runUntil(this.#world.nowMs + LOOK_MS);
      const { owners } = this;
      if (owners.length > 1) throw new Error(`${owners.join(" and ")} own the shelf.`);
    }
  }

  /** Has happen what may in a second: faults, and a process that comes, goes or stands still. */
  everySecond(): void {
    const seed = this.#seed;
    this.#broker.everySecond();
    this.#all = this.#all.filter(({ process, isOver }) => !process.isGone && !isOver);
    if (this.#all.length < RIVALS_MAX && seed.next() < 0.5) this.#add();
    for (const { process } of this.#all) {
      const fate = seed.next();
      if (fate < 0.01) process.kill("killed");
      else if (fate < 0.02) process.stop(seed.between(10, 20_000));
    }
  }

  #add(): void {
    this.#count += 1;
    const name = `process-${this.#count}`;
    const process = new Process(this.#world, name, this.#seed.fork(name));
    const claimant: Claimant = { process, isOwning: false, isOver: false };
    this.#all.push(claimant);
    this.#claim(claimant).catch(() => {
      claimant.isOver = true;
      process.kill("refused");
    });
  }

  async #claim(claimant: Claimant): Promise<void> {
    const link = await this.#broker.connect(claimant.process, "shelf", silent);
    claimant.ownership = ownershipOf(claimant.process, link);
    await claimant.ownership.claim();
    claimant.isOwning = true;
  }
}

test("of processes that come, go and stand still over bad links one at most owns a module", () => {
  const rates = {
    ...{ "reply-lost": 0.3, "message-lost": 0.3, "message-doubled": 0.1, "message-late": 0.01 },
    ...{ disconnect: 0.02, partition: 0.01, "broker-restart": 0.01 },
  };
  let ownedSeconds = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const rivals = new Rivals(rates, seed);
    for (let second = 0; second < SECONDS; second++) {
      rivals.everySecond();
      rivals.passSecond();
      ownedSeconds += rivals.owners.length;
    }
  }
  // Had nobody owned it for long, nothing would have been seen.
  expect(ownedSeconds).toBeGreaterThan((SEEDS * SECONDS) / 3);
});
