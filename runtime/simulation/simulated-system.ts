import { moduleName } from "../contract/contract.ts";
import { TransportError } from "../contract/errors.ts";
import { type Placement, placementsOf, type Topology, withRest } from "../host/topology.ts";
import type { Module } from "../module/define-module.ts";
import { type Asked, type Ground, Member } from "./member.ts";
import { Process } from "./process.ts";
import type { Seeded } from "./seeded.ts";

/** How long it takes a supervisor to start a process again, and a call to come to the gateway. */
const RESTART_MS = [100, 2_000] as const;
const HTTP_MS = [0.2, 3] as const;
/** How long a caller waits for an answer that the gateway owes. */
const PATIENCE_MS = 15_000;
/**
 * How long a process stands still: at times for longer than whoever calls it waits, and than the
 * broker waits for its word. What had come to its machine before is taken when it goes on.
 */
const PAUSE_MS = [10, 10_000] as const;
const LONG_PAUSE_MS = [10_000, 90_000] as const;
const JUMP_MS_MAX = 60_000;
/**
 * How far the clock of the machine is set forward: less than an hour, after which an audit may call
 * late, by that clock, what has just begun. Several of them add up to hours.
 */
const SET_MS = [300_000, 2_700_000] as const;
/** For how long reactions fail. */
const FAIL_MS = [1_000, 20_000] as const;
const LONG_FAIL_MS = [20_000, 60_000] as const;

/** All processes of a system, and the supervisor that keeps them running. */
export class SimulatedSystem {
  readonly #ground: Ground;
  readonly #topologies: readonly Topology[];
  readonly #seed: Seeded;
  readonly #members = new Map<string, Member>();
  #placements: readonly Placement[] = [];
  #runs = 0;
  /** How far the clock of the machine, which a process begins with, is set forward. */
  #aheadMs = 0;
  /** Grows with each change of topology: what was begun for another one starts nothing more. */
  #epoch = 0;
  #changing = false;

  constructor(ground: Ground, topologies: readonly Topology[]) {
    this.#ground = ground;
    this.#topologies = topologies;
    this.#seed = ground.world.seed.fork("system");
  }

  /** Starts all processes of a topology. */
  start(topology: Topology | undefined = this.#topologies[0]): void {
    this.#epoch += 1;
    this.#changing = false;
    const names = this.#ground.versions[0]?.map((one) => one.contract[moduleName]) ?? [];
    this.#placements = topology === undefined ? [] : placementsOf(withRest(topology, names));
    for (const placement of this.#placements) this.#begin(placement, false);
  }

  /** True when every process is there and has nothing to do. */
  get isIdle(): boolean {
    return this.#placements.every(({ name }) => {
      const member = this.#members.get(name);
      return member?.isReady === true && !member.isBusy;
    });
  }

  /** The processes, by the names of their placements. */
  get members(): readonly Member[] {
    return [...this.#members.values()];
  }

  /** Makes a call over a gateway, as a client of the outside world does. */
  call(asked: Asked): Promise<unknown> {
    const { world } = this.#ground;
    const edges = this.members.filter((one) => one.placement.role === "edge" && one.isReady);
    const edge = edges[this.#seed.below(edges.length)];
    return new Promise((resolve, reject) => {
      const lost = (message: string, executed: "no" | "unknown") =>
        reject(new TransportError("UNREACHABLE", executed, message, { fault: "callee" }));
      const back = (work: () => void) =>
        void world.after(this.#seed.between(...HTTP_MS), work, { what: "answer" });
      if (edge === undefined) return back(() => lost("No gateway is there.", "no"));
      const { process } = edge;
      process.onGone(() => lost("The gateway is gone.", "unknown"));
      world.after(PATIENCE_MS, () => lost("The gateway is silent.", "unknown"), { what: "wait" });
      const ask = () =>
        void edge.call(asked).then(
          (answer) => process.isGone || back(() => resolve(answer)),
          (error) => process.isGone || back(() => reject(error)),
        );
      world.after(this.#seed.between(...HTTP_MS), ask, { what: "request", process });
    });
  }

  /** Has happen what may in a second, to each process and to the system. */
  everySecond(): void {
    const { world } = this.#ground;
    const { faults } = world;
    if (faults.happens("machine", "system")) this.#failMachine();
    if (faults.happens("clock-set", "system")) {
      this.#setClock(Math.round(faults.amount(...SET_MS)));
    }
    for (const { process, placement } of this.members) {
      if (process.isGone) continue;
      const { name } = placement;
      if (faults.happens("kill-any", name)) process.kill("killed");
      else if (this.#hasVersions && faults.happens("version", name)) {
        process.kill("to be another version");
      } else if (faults.happens("pause", name))
        process.stop(faults.amountOf(PAUSE_MS, LONG_PAUSE_MS));
      if (faults.happens("clock-jump", name)) {
        process.skewMs += Math.round(faults.amount(-JUMP_MS_MAX, JUMP_MS_MAX));
      }
      if (faults.happens("reactions-fail", name)) {
        process.reactionsFailUntilMs = world.nowMs + faults.amountOf(FAIL_MS, LONG_FAIL_MS);
      }
    }
    if (this.#topologies.length > 1 && !this.#changing && faults.happens("topology", "system")) {
      this.#change();
    }
  }

  /** Ends all at one moment, so that nothing of what they have just sent arrives anywhere. */
  #failMachine(): void {
    const { world, broker } = this.#ground;
    world.note("system", "the machine fails");
    broker.failWithMachine();
    for (const { process } of this.members) process.kill("gone with its machine");
  }

  /** Sets the clock of the machine forward, and with it that of each process. */
  #setClock(byMs: number): void {
    this.#ground.world.note("system", "the clock is set forward", `${byMs} ms`);
    this.#aheadMs += byMs;
    for (const { process } of this.members) process.skewMs += byMs;
  }

  /** Stops all, gently or not, and starts another topology over the same data. */
  #change(): void {
    const { world } = this.#ground;
    const next = this.#topologies[this.#seed.below(this.#topologies.length)];
    world.note("system", "another topology", Object.keys(next ?? {}).join(" "));
    this.#epoch += 1;
    this.#changing = true;
    const gently = this.#seed.next() < 0.5;
    for (const member of this.members) {
      if (gently) member.stop();
      else member.process.kill("killed with all others");
    }
    const epoch = this.#epoch;
    const whenAllAreGone = () => {
      if (epoch !== this.#epoch) return;
      if (this.members.every(({ process }) => process.isGone)) return this.start(next);
      world.after(100, whenAllAreGone, { what: "all gone?" });
    };
    world.after(100, whenAllAreGone, { what: "all gone?" });
  }

  #begin(placement: Placement, again: boolean): void {
    const { world } = this.#ground;
    const { name } = placement;
    const epoch = this.#epoch;
    this.#runs += 1;
    const run = `${name} ${this.#runs}`;
    const seed = this.#seed.fork(run);
    const process = new Process(world, name, seed);
    process.skewMs = this.#aheadMs;
    const isAlone = this.#placements.length === 1;
    const modules = this.#versionOf(run, again ? seed.fork("version") : undefined);
    this.#members.set(name, new Member(this.#ground, { placement, isAlone, modules }, process));
    process.onGone(() => {
      const restart = () => {
        if (epoch === this.#epoch) this.#begin(placement, true);
      };
      world.after(this.#seed.between(...RESTART_MS), restart, { what: "start again" });
    });
  }

  get #hasVersions(): boolean {
    return this.#ground.versions.length > 1;
  }

  /** The modules that a process runs: any version when it is started again, else the first. */
  #versionOf(run: string, seed: Seeded | undefined): readonly Module[] {
    const { versions, world } = this.#ground;
    const chosen = seed?.below(versions.length) ?? 0;
    if (this.#hasVersions) world.note(run, "version", String(chosen));
    return versions[chosen] ?? [];
  }
}
