import { afterAll } from "bun:test";
import { links } from "../../testing/links.ts";
import { sampleManifest } from "../../testing/sample/links.ts";
import { silent } from "../../testing/silent-log.ts";
import type { Manifest } from "../../transport/manifest.ts";
import { ownedManifest, ownershipSuite } from "../../transport/nats/ownership.suite.ts";
import { type GuardedBroker, permissionsSuite } from "../../transport/nats/permissions.suite.ts";
import { limitedManifest, streamLimitsSuite } from "../../transport/nats/stream-limits.suite.ts";
import {
  type BreakableBroker,
  type Damage,
  streamLossSuite,
} from "../../transport/nats/stream-loss.suite.ts";
import { transportSuite } from "../../transport/transport.suite.ts";
import type { BrokerOptions } from "./broker.ts";
import { Pumped } from "./pumped.ts";

const manifest: Manifest = [
  links("shelf", { queries: ["echo"], commands: ["take"], events: ["taken", "put"] }),
  links("desk", {
    calls: [{ callee: "shelf", procedures: ["echo", "take"] }],
    reads: [{ producer: "shelf", events: ["taken"] }],
  }),
  links("till", { reads: [{ producer: "shelf", events: ["put", "taken"] }] }),
];
const users = manifest.map(({ name }) => name);

const pumped: Pumped[] = [];
afterAll(() => {
  for (const one of pumped) one[Symbol.dispose]();
});

/** The one before is stopped: what it had is over. */
function pumpedAnew(about: BrokerOptions = { manifest }): Pumped {
  pumped.pop()?.[Symbol.dispose]();
  const one = new Pumped(about);
  pumped.push(one);
  return one;
}

// What is real is held against the same sentences in runtime/transport/nats.
transportSuite("over a simulated broker", {
  open: () => pumpedAnew().connect(users, { frozen: true }),
});

/** The simulated broker, and a copy of what it stores. */
class SimulatedStore implements BreakableBroker {
  readonly #pumped = pumpedAnew();
  #restore = () => {};
  #wasStopped = false;

  get #broker() {
    return this.#pumped.small.broker;
  }

  connect(user: string) {
    return this.#pumped.connect([user]);
  }

  async wipe() {
    this.#broker.wipe();
    this.#broker.provision();
  }

  async kill() {
    this.#broker.kill();
  }

  async stop() {
    this.#wasStopped = true;
    this.#broker.kill();
  }

  watch(): void {}

  /** As nats-server 2.9 does with such files; one that was stopped trusts its index. */
  damageEvents(damage: Damage): void {
    const overwritten = this.#wasStopped ? "refuses what follows" : "lost its end";
    this.#broker.damageStored(damage === "zeroed" ? "lost its index" : overwritten);
  }

  async start() {
    this.#broker.start();
  }

  copyStore(): void {
    this.#restore = this.#broker.copied();
  }

  deleteStore(): void {
    this.#broker.deleteStored();
  }

  restoreStore(): void {
    this.#restore();
  }

  copyEvents(): void {
    this.#restore = this.#broker.copiedEvents();
  }

  restoreEvents(): void {
    this.#restore();
  }

  async steal(count: number) {
    const link = await this.#pumped.link("desk", silent);
    const about = { stream: "EV_shelf", consumer: "desk", aheadMax: count };
    const stolen = Promise.withResolvers<void>();
    let taken = 0;
    await link.read(about, (message) => {
      message.ack();
      taken += 1;
      if (taken === count) stolen.resolve();
    });
    await stolen.promise;
    await link.close();
  }

  passTime(): void {}

  async [Symbol.asyncDispose]() {
    this.#pumped[Symbol.dispose]();
  }
}

streamLossSuite("over a simulated broker", { open: async () => new SimulatedStore() });

/** Its users connect one by one. */
async function guarded(about: BrokerOptions): Promise<GuardedBroker> {
  const one = pumpedAnew(about);
  return {
    connect: (user, log) => one.link(user, log),
    [Symbol.asyncDispose]: async () => one[Symbol.dispose](),
  };
}

permissionsSuite("over a simulated broker", {
  open: () => guarded({ manifest: sampleManifest }),
});

streamLimitsSuite("over a simulated broker", {
  open: (streamBytesMax) => guarded({ manifest: limitedManifest, streamBytesMax }),
});

ownershipSuite("over a simulated broker", {
  async open() {
    const one = pumpedAnew({ manifest: ownedManifest });
    return {
      connect: (place) => one.connect(["shelf"], { place }),
      kill: async () => one.small.broker.kill(),
      start: async () => one.small.broker.start(),
      [Symbol.asyncDispose]: async () => one[Symbol.dispose](),
    };
  },
});
