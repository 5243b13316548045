import type { Log } from "../../telemetry/log.ts";
import type { Manifest } from "../../transport/manifest.ts";
import { EVENT_AGE_MS_MAX, STREAM_BYTES_MAX } from "../../transport/nats/limits.ts";
import type { Link } from "../../transport/nats/link.ts";
import { rebuildRequestIn } from "../../transport/nats/rebuild-requests.ts";
import { rebuildSubject, streamOf } from "../../transport/nats/subjects.ts";
import type { Process } from "../process.ts";
import type { Seeded } from "../seeded.ts";
import type { World } from "../world.ts";
import { damage, type StreamDamage } from "./damage.ts";
import { JetStream } from "./jet-stream.ts";
import { type Exchange, Line } from "./line.ts";
import { SimulatedLink } from "./link.ts";
import { type Loss, loseUnsynced, rewind } from "./losses.ts";
import { Permits } from "./permit.ts";
import { Router } from "./router.ts";
import type { SentMessage } from "./sent-message.ts";
import { Session } from "./session.ts";
import type { Wire } from "./wire.ts";

const URL = "nats://broker:4222";
/** How long a restart takes. */
const RESTART_MS = [50, 2_000] as const;
/** How long it takes the provisioner to see that something is missing. */
const PROVISION_MS = [10, 2_000] as const;
/**
 * How long a process may be cut off, with what TCP waits longer before it tries again: at times for
 * so long that both ends leave the connection, and a call has been given up many times.
 */
const PARTITION_MS = [500, 15_000] as const;
const LONG_PARTITION_MS = [15_000, 90_000] as const;

/** What a broker is for. */
export interface BrokerOptions {
  /** Of the modules whose events it keeps, and who are its users. */
  readonly manifest: Manifest;
  /** True for one that knows no users: anybody may publish and listen to anything. */
  readonly isOpen?: boolean;
  /** How many bytes each stream keeps at most; as many as on a real one when not given. */
  readonly streamBytesMax?: number | undefined;
}

/**
 * A nats-server 2.9 with JetStream, simulated: its connections, subjects, groups and streams, what
 * each user may do, and what can befall them.
 *
 * Each connection keeps the order of what passes, each way; between connections there is none. What
 * was sent shortly before a connection is lost may be lost, in both directions.
 */
export class SimulatedBroker implements Exchange {
  readonly #world: World;
  readonly #seed: Seeded;
  readonly #router: Router;
  readonly #jetStream: JetStream;
  readonly #lines = new Map<Session, Line>();
  readonly #permits: Permits;
  readonly #manifest: Manifest;
  #isUp = true;
  #isProvisioning = false;
  #losses = 0;

  constructor(world: World, options: BrokerOptions) {
    const { manifest, isOpen = false, streamBytesMax: bytesMax = STREAM_BYTES_MAX } = options;
    this.#world = world;
    this.#manifest = manifest;
    this.#seed = world.seed.fork("broker");
    this.#router = new Router(this.#seed.fork("groups"));
    this.#jetStream = new JetStream(world, manifest, { bytesMax, ageMsMax: EVENT_AGE_MS_MAX });
    this.#permits = isOpen ? new Permits() : Permits.by(manifest);
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** What the modules declare, from which its users, permissions and streams follow. */
  get manifest(): Manifest {
    return this.#manifest;
  }

  /**
   * Connects a process as a user; rejects when the broker is not up, or does not know the user. The
   * log is told what the broker refuses.
   */
  async connect(process: Process, user: string, log: Log): Promise<Link> {
    const world = this.#world;
    const line = new Line({ world, exchange: this, process, user });
    await line.open();
    const about = { world, process, user, url: URL, line, log };
    return new SimulatedLink({ ...about, jetStream: this.#jetStream });
  }

  accept(wire: Wire, line: Line): Session {
    const session = new Session({
      wire,
      router: this.#router,
      permit: this.#permits.of(line.user),
      onRefused: (violation) => line.refuse(violation),
      onEnd: (ended) => this.#lines.delete(ended),
      onPublished: (message) => this.#rebuild(message),
    });
    this.#lines.set(session, line);
    return session;
  }

  /** Makes the streams and consumers that are missing. */
  provision(): void {
    if (this.#isUp) this.#jetStream.provide();
    else this.#provisionSoon();
  }

  /** The last sequence of a stream, for those who look on; undefined when there is none. */
  lastSeqOf(stream: string): number | undefined {
    return this.#jetStream.streams.get(stream)?.lastSeq;
  }

  /** Has happen what may in a second: to each connection, to the streams, to the broker itself. */
  everySecond(): void {
    const { faults } = this.#world;
    for (const [session, line] of [...this.#lines]) {
      const { name } = session.wire;
      if (line.isSilent || faults.happens("disconnect", name)) this.#drop(session, line);
      else if (line.session === session && faults.happens("partition", name)) {
        line.cutOff(faults.amountOf(PARTITION_MS, LONG_PARTITION_MS));
      }
    }
    if (!this.#isUp) return;
    if (faults.happens("stream-wiped", "broker")) this.wipe();
    if (faults.happens("stream-rewound", "broker")) this.#restart(rewind);
    else if (faults.happens("broker-restart", "broker")) this.restart();
    if (faults.happens("stream-damaged", "broker")) this.#restart(damage);
  }

  /** Restarts: all connections are lost, and perhaps what was not yet on the disk. */
  restart(): void {
    const failed = this.#world.faults.happens("broker-loss", "broker");
    this.#restart(failed ? loseUnsynced : () => {});
  }

  /** Is gone with the machine under it and all connections, and with what was not on the disk. */
  failWithMachine(): void {
    if (this.#isUp) this.#restart(loseUnsynced);
    else this.#lose(loseUnsynced);
  }

  /** Deletes all streams. The provisioner makes them anew soon. */
  wipe(): void {
    this.#jetStream.wipe();
    this.#provisionSoon();
  }

  /** Ends it as a crash does: all connections are lost, what was stored is not. */
  kill(): void {
    this.#isUp = false;
    this.#world.note("broker", "down");
    for (const [session, line] of [...this.#lines]) this.#drop(session, line);
    for (const stream of this.#jetStream.streams.values()) {
      for (const consumer of stream.consumers.values()) consumer.forgetPullers();
    }
  }

  /** Starts it again after it was killed. */
  start(): void {
    this.#isUp = true;
    this.#world.note("broker", "up");
    this.#provisionSoon();
  }

  /** A copy of all that it has stored; what it gives back has it stored again. */
  copied(): () => void {
    const copies = this.#jetStream.copied();
    return () => this.#jetStream.restore(copies);
  }

  /** A copy of the messages of its streams; what it gives back has them there again, alone. */
  copiedEvents(): () => void {
    const ends = new Map(
      [...this.#jetStream.streams].map(([name, { lastSeq }]) => [name, lastSeq]),
    );
    return () => {
      for (const [name, lastSeq] of ends) this.#jetStream.streams.get(name)?.truncate(lastSeq);
    };
  }

  /** Damages what it has stored in this way, while it is down. */
  damageStored(way: StreamDamage): void {
    this.#lose((jetStream, { seed }) => damage(jetStream, { seed, way }));
  }

  /** Deletes all that it has stored, while it is down. */
  deleteStored(): void {
    this.#jetStream.restore([]);
  }

  #restart(lose: (jetStream: JetStream, loss: Loss) => void): void {
    if (!this.#isUp) return;
    const world = this.#world;
    this.kill();
    const seed = this.#lose(lose);
    world.after(seed.between(...RESTART_MS), () => this.start(), { what: "restart" });
  }

  /** Loses some of what it has stored. Gives what decided how much. */
  #lose(lose: (jetStream: JetStream, loss: Loss) => void): Seeded {
    this.#losses += 1;
    const seed = this.#seed.fork(`loss ${this.#losses}`);
    lose(this.#jetStream, { seed, nowMs: this.#world.nowMs });
    return seed;
  }

  /** Ends a connection. What is on its way to the process may still arrive. */
  #drop(session: Session, line: Line): void {
    const { down } = session.wire;
    session.end();
    if (this.#seed.next() < 0.5) down.lose();
    down.tell(() => line.lose(session));
  }

  /** Does what the provisioner does when a module asks for its stream to be made anew. */
  #rebuild(message: SentMessage): void {
    if (!message.subject.startsWith(rebuildSubject(""))) return;
    const request = rebuildRequestIn(message);
    if (request === undefined) return;
    this.#jetStream.delete(streamOf(request.module));
    this.#provisionSoon();
  }

  #provisionSoon(): void {
    if (this.#isProvisioning) return;
    this.#isProvisioning = true;
    const work = () => {
      this.#isProvisioning = false;
      this.provision();
    };
    this.#world.after(this.#seed.between(...PROVISION_MS), work, { what: "provision" });
  }
}
