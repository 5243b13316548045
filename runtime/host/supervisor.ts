import type { Environment } from "../contract/environment.ts";
import type { Log } from "../telemetry/log.ts";
import type { Run } from "./child.ts";
import { Kept } from "./kept.ts";
import { BROKER_STOP_MS, supervisedStopMs } from "./stop-budgets.ts";
import type { Placement } from "./topology.ts";

/** Milliseconds after which it is said, again and again, what has not become ready yet. */
const REMIND_MS = 30_000;

/** What carries calls and events between the processes of a topology. */
export interface Broker {
  /** Where the processes find it; the same over all its runs. */
  readonly url: string;
  /** Begins a run of it, which is ready when the processes may come. */
  start(): Run;
}

export interface SupervisorOptions {
  readonly placements: readonly Placement[];
  readonly broker: Broker;
  /** Begins a run of the process of a placement. */
  readonly begin: (placement: Placement) => Run;
  /** Reports whether there is room on the disk for a process to begin. */
  readonly hasRoom: () => boolean;
  /** How long each gateway goes on when it is told to stop, in milliseconds. 0 by default. */
  readonly drainMs?: number;
  readonly environment: Pick<Environment, "monotonic" | "after">;
  readonly log: Log;
}

/** Runs a broker and all processes of a topology on this machine, and keeps them running. */
export class Supervisor {
  /** Resolves with a sentence when something dies too often. Nothing is stopped by that. */
  readonly failed: Promise<string>;
  readonly #options: SupervisorOptions;
  readonly #broker: Kept;
  readonly #edges: readonly Kept[];
  readonly #hosts: readonly Kept[];
  #isStopping = false;

  constructor(options: SupervisorOptions) {
    const { placements, broker, begin, hasRoom, environment, log, drainMs = 0 } = options;
    const { promise, resolve: gaveUp } = Promise.withResolvers<string>();
    const keep = (name: string, stopMs: number, begin: () => Run) =>
      new Kept({ name, begin, hasRoom, stopMs, environment, log, gaveUp });
    const those = (role: Placement["role"]) =>
      placements
        .filter((one) => one.role === role)
        .map((placement) => {
          const stopMs = supervisedStopMs({ role, drainMs });
          return keep(placement.name, stopMs, () => begin(placement));
        });
    this.failed = promise;
    this.#options = options;
    this.#broker = keep("nats", BROKER_STOP_MS, () => broker.start());
    this.#edges = those("edge");
    this.#hosts = those("host");
  }

  /**
   * Starts the broker and then everything else at once, since any order will do. Resolves when all
   * have been ready, but for those whose modules another process owns; not at all when `failed`
   * does before.
   */
  async start(): Promise<void> {
    const instances = [...this.#hosts, ...this.#edges];
    this.#broker.start();
    const cancel = this.#remind([this.#broker, ...instances]);
    await this.#broker.ready;
    if (this.#isStopping) return;
    for (const one of instances) one.start();
    await Promise.all(instances.map((one) => one.ready));
    cancel();
  }

  /**
   * Stops the gateways, then all other instances, then the broker. An instance waits for its turn
   * also when a SIGTERM reaches it together with this process, as from systemd.
   */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const one of [...this.#edges, ...this.#hosts]) one.hold();
    await Promise.all(this.#edges.map((one) => one.stop()));
    await Promise.all(this.#hosts.map((one) => one.stop()));
    await this.#broker.stop();
  }

  /** Kills everything at once. */
  kill(): void {
    this.#isStopping = true;
    for (const one of [...this.#edges, ...this.#hosts, this.#broker]) one.kill();
  }

  #remind(all: readonly Kept[]): () => void {
    const { environment, log } = this.#options;
    const remind = () => {
      if (this.#isStopping) return;
      const waitingFor = all.filter((one) => one.isAwaited).map((one) => one.name);
      log.warn("not ready yet", { waitingFor });
      cancel = environment.after(REMIND_MS, remind);
    };
    let cancel = environment.after(REMIND_MS, remind);
    return () => cancel();
  }
}
