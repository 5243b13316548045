import type { Delivered, Link, Message } from "../../transport/nats/link.ts";
import { type FaultRates, Faults } from "../faults.ts";
import { Process } from "../process.ts";
import { seeded } from "../seeded.ts";
import { Trace } from "../trace.ts";
import { World } from "../world.ts";
import { SimulatedBroker } from "./broker.ts";

const still: FaultRates = {
  kill: 0,
  "kill-any": 0,
  pause: 0,
  topology: 0,
  "message-late": 0,
  "message-lost": 0,
  "message-doubled": 0,
  "reply-lost": 0,
  "asked-again": 0,
  disconnect: 0,
  partition: 0,
  "broker-restart": 0,
  "broker-loss": 0,
  "stream-wiped": 0,
  "stream-rewound": 0,
  "disk-full": 0,
  "disk-busy": 0,
  "disk-slow": 0,
  "commit-unknown": 0,
  "clock-jump": 0,
  "outside-lost": 0,
  "outside-unanswered": 0,
};
const none = { queries: [], commands: [], events: [], calls: [], reads: [] };
const manifest = [
  { ...none, name: "shelf", events: ["taken", "put"] },
  { ...none, name: "desk", reads: [{ producer: "shelf", events: ["taken"] }] },
];
const reads = { stream: "EV_shelf", consumer: "desk", aheadMax: 256 };

/** A world with one broker, and processes that connect to it. */
export class Small {
  readonly world: World;
  readonly broker: SimulatedBroker;

  constructor(seed = 1, rates: Partial<FaultRates> = {}) {
    const source = seeded(seed);
    const faults = new Faults({ seed: source.fork("faults"), rates: { ...still, ...rates } });
    this.world = new World({ seed: source, faults, trace: new Trace({}) });
    this.broker = new SimulatedBroker(this.world, { manifest });
    this.broker.provision();
  }

  pass(ms: number): void {
    this.world.runUntil(this.world.nowMs + ms);
  }

  process(name: string): Process {
    return new Process(this.world, name, this.world.seed.fork(name));
  }

  connect(user: string, process = this.process(user)): Link {
    return this.settled(this.broker.connect(process, user));
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
