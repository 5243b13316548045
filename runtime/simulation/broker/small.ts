import { silent } from "../../testing/silent-log.ts";
import type { Manifest } from "../../transport/manifest.ts";
import type { Delivered, Link, Message } from "../../transport/nats/link.ts";
import type { FaultRates } from "../faults.ts";
import { Process } from "../process.ts";
import { smallWorld } from "../small-world.ts";
import type { World } from "../world.ts";
import { type BrokerOptions, SimulatedBroker } from "./broker.ts";

const none = { queries: [], commands: [], events: [], calls: [], reads: [] };
export const smallManifest: Manifest = [
  { ...none, name: "shelf", events: ["taken", "put"] },
  { ...none, name: "desk", reads: [{ producer: "shelf", events: ["taken"] }] },
];
const open: BrokerOptions = { manifest: smallManifest, isOpen: true };
const reads = { stream: "EV_shelf", consumer: "desk", aheadMax: 256 };

/** A world with one broker, and processes that connect to it; usually they may do anything. */
export class Small {
  readonly world: World;
  readonly broker: SimulatedBroker;

  constructor(seed = 1, rates: Partial<FaultRates> = {}, about: BrokerOptions = open) {
    this.world = smallWorld(rates, seed);
    this.broker = new SimulatedBroker(this.world, about);
    this.broker.provision();
  }

  pass(ms: number): void {
    this.world.runUntil(this.world.nowMs + ms);
  }

  process(name: string): Process {
    return new Process(this.world, name, this.world.seed.fork(name));
  }

  connect(user: string, process = this.process(user)): Link {
    return this.settled(this.broker.connect(process, user, silent));
  }

  /** What a promise resolves with in a while. */
  settled<Value>(promise: Promise<Value>, ms = 10): Value {
    let value: { readonly is: Value } | undefined;
    let failed: unknown;
    promise.then(
      (is) => {
        value = { is };
      },
      (error) => {
        failed = error;
      },
    );
    this.pass(ms);
    if (value === undefined) throw failed ?? new Error("It is not settled.");
    return value.is;
  }

  /** Appends, and tells what came of it. */
  append(link: Link, lastSequence: number, payload = `${lastSequence + 1}`): () => string {
    let outcome = "waiting";
    link.append("ev.shelf.0.taken", payload, { headers: "", lastSequence, timeoutMs: 5_000 }).then(
      () => {
        outcome = "stored";
      },
      (error: Error) => {
        outcome = error.message;
      },
    );
    return () => outcome;
  }

  /** Reads all that desk is handed, and acknowledges what `acks` says. */
  read(link: Link, acks: (message: Delivered) => boolean = () => true) {
    const texts: string[] = [];
    const reading = this.settled(
      link.read(reads, (message) => {
        texts.push(textOf(message));
        if (acks(message)) message.ack();
      }),
    );
    return { texts, reading };
  }
}

/** The payload of a message as text. */
export const textOf = (message: Message) => message.string();

/** The payloads of all that comes on a subject. */
export function heard(link: Link, subject: string, queue?: string): string[] {
  const texts: string[] = [];
  link.listen(subject, (message) => texts.push(textOf(message)), queue ? { queue } : undefined);
  return texts;
}
