import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { moduleName } from "../contract/contract.ts";
import type { Topology } from "../host/topology.ts";
import type { Module } from "../module/define-module.ts";
import { manifestOf } from "../module/manifest.ts";
import type { Manifest } from "../transport/manifest.ts";
import { SimulatedBroker } from "./broker/broker.ts";
import { Clients, caller } from "./clients.ts";
import { SimulatedDisk } from "./disk.ts";
import { Faults, type Happened } from "./faults.ts";
import { Images } from "./images.ts";
import { Ledger } from "./ledger.ts";
import { outsideOf } from "./outside.ts";
import { Overdue } from "./overdue.ts";
import { EndlessRun } from "./pace.ts";
import { RealWaits } from "./real-waits.ts";
import type { Invariant, Rows, Scenario } from "./scenario.ts";
import { seeded } from "./seeded.ts";
import { SimulatedSystem } from "./simulated-system.ts";
import { type Step, Trace } from "./trace.ts";
import { usualFaults } from "./usual-faults.ts";
import { World } from "./world.ts";

const MINUTE_MS = 60_000;
/** How long everything may take to come to rest once no fault happens any more. */
const REST_MS = 60 * MINUTE_MS;
const LOOK_MS = 5_000;
/** By when it is known whether a system can start at all. */
const STARTED_MS = 10;
const ONLY_VIRTUAL =
  "What waits for real time, as fetch, a file or setTimeout do, waits for ever here.";

/** What of a scenario is run. */
export interface RunOptions {
  readonly seed: number;
  /** How long faults happen, in virtual minutes. */
  readonly minutes: number;
  /** What lies on the disk at the start. */
  readonly images: Images;
  /** The names of the faults that may happen; all when not given. */
  readonly only?: ReadonlySet<string> | undefined;
  /** Keeps every step, for the story. */
  readonly keepsSteps?: boolean;
  /** Ends at this virtual time, whatever holds by then. */
  readonly untilMs?: number | undefined;
  /** Has a debugger stop at each step that has this text. */
  readonly breakAt?: string | undefined;
}

/** How a run ended. */
export interface Outcome {
  readonly seed: number;
  /** The same for the same run: 16 hexadecimal digits over all that happened. */
  readonly digest: string;
  /** What did not hold, a sentence each. */
  readonly violations: readonly string[];
  readonly faults: readonly Happened[];
  readonly steps: readonly Step[];
  readonly happenings: number;
  /** Virtual milliseconds from the last fault until everything was at rest. */
  readonly restedAfterMs: number;
}

/** Fills the databases of a scenario, without faults and in one process. */
export function prepared(scenario: Scenario): Images {
  const monolith = { gateway: scenario.modules.map((one) => one.contract[moduleName]) };
  using run = new Run({ ...scenario, topologies: [monolith] }, { images: new Images(), seed: 0 });
  run.system.start();
  const filling = scenario.workload.prepare(run.call);
  filling.catch(() => {});
  run.world.runUntil(STARTED_MS);
  for (const { process } of run.system.members) {
    if (process.isGone) throw new Error(`The system cannot start: ${process.whyGone}.`);
  }
  run.settle("Filling the system", filling);
  for (const { process } of run.system.members) process.kill("prepared");
  return new Images(run.disk.bytes());
}

/** Runs a scenario by a seed, to the end. */
export function runSeed(scenario: Scenario, options: RunOptions): Outcome {
  using run = new Run(scenario, options);
  return run.toTheEnd(options.minutes * MINUTE_MS, options.untilMs);
}

/** The manifests of the modules that are run again and again. */
const manifests = new WeakMap<readonly Module[], Manifest>();

class Run implements Disposable {
  readonly world: World;
  readonly disk: SimulatedDisk;
  readonly system: SimulatedSystem;
  readonly call;
  readonly #scenario: Scenario;
  readonly #options: Pick<RunOptions, "seed">;
  readonly #broker: SimulatedBroker;
  readonly #ledger: Ledger;
  readonly #invariants: readonly Invariant[];
  readonly #closeBeyond: (() => void) | undefined;
  readonly #waits: RealWaits;
  readonly #folder = mkdtempSync(`${tmpdir()}/cleave-simulation-`);

  constructor(
    scenario: Scenario & { readonly topologies: readonly Topology[] },
    options: Omit<RunOptions, "minutes" | "untilMs">,
  ) {
    const { modules, versions = [], topologies, outside, streamBytesMax } = scenario;
    const seed = seeded(options.seed);
    const rates = { ...usualFaults, ...scenario.faults };
    const faults = new Faults({ seed: seed.fork("faults"), rates, only: options.only });
    this.#scenario = scenario;
    this.#options = options;
    this.world = new World({ seed, faults, trace: new Trace(options) });
    this.disk = new SimulatedDisk(this.world, options.images);
    const manifest = manifests.get(modules) ?? manifestOf(modules);
    manifests.set(modules, manifest);
    this.#broker = new SimulatedBroker(this.world, { manifest, streamBytesMax });
    this.#broker.provision();
    const { world, disk } = this;
    const broker = this.#broker;
    const all = [modules, ...versions];
    const ground = { world, disk, broker, versions: all, folder: this.#folder };
    this.system = new SimulatedSystem({ ...ground, ports: (one) => ports(one) }, topologies);
    this.call = caller(this.system, { world, name: "judge" });
    const beyond = outside?.(outsideOf(world, { system: this.system, folder: this.#folder }));
    const ports = beyond?.ports ?? (() => []);
    this.#invariants = [...scenario.invariants, ...(beyond?.invariants ?? [])];
    this.#closeBeyond = beyond?.close;
    this.#ledger = new Ledger(disk, manifest);
    this.#waits = new RealWaits();
  }

  /** Lets time pass until what is done is settled, and gives what it resolves with. */
  settle<T>(what: string, promise: Promise<T>): T {
    let outcome: { readonly value: T } | { readonly error: unknown } | undefined;
    promise.then(
      (value) => {
        outcome = { value };
      },
      (error) => {
        outcome = { error };
      },
    );
    const untilMs = this.world.nowMs + REST_MS;
    while (outcome === undefined && this.world.nowMs < untilMs) {
      this.world.runUntil(this.world.nowMs + 10);
    }
    if (outcome === undefined) {
      const why = this.#waits.sentence ?? ONLY_VIRTUAL;
      throw new Error(`${what} took more than an hour of virtual time. ${why}`);
    }
    if ("error" in outcome) throw outcome.error;
    return outcome.value;
  }

  /** Runs, and has one that would never end be a run in which that did not hold. */
  toTheEnd(faultsMs: number, untilMs?: number): Outcome {
    try {
      return this.#toTheEnd(faultsMs, untilMs);
    } catch (error) {
      if (!(error instanceof EndlessRun)) throw error;
      return this.#outcome([error.message], this.world.nowMs - faultsMs);
    }
  }

  #toTheEnd(faultsMs: number, untilMs = Number.POSITIVE_INFINITY): Outcome {
    const { world, system } = this;
    const { faults } = world;
    const clients = new Clients(this.#scenario, { world, system, untilMs: faultsMs * 0.8 });
    system.start(this.#first());
    faults.on = true;
    this.#everySecond();
    world.runUntil(Math.min(faultsMs, untilMs));
    if (untilMs <= faultsMs) return this.#outcome([], 0);
    faults.on = false;
    const overdue = new Overdue();
    const restedAtMs = this.#rest(clients, { overdue, endsAtMs: untilMs });
    if (world.nowMs >= untilMs) return this.#outcome([], 0);
    const violations = [...clients.failures, ...this.#ledger.wrong(), ...overdue.sentences];
    if (restedAtMs === undefined) {
      violations.push(this.#unrest(clients));
    } else {
      violations.push(...this.#invariants.flatMap((one) => this.#checked(one)));
    }
    return this.#outcome(violations, (restedAtMs ?? world.nowMs) - faultsMs);
  }

  #checked({ name, check }: Invariant): readonly string[] {
    const rows: Rows = (module, sql) => this.#ledger.rows(module, sql);
    try {
      return this.settle("Checking it", check(this.call, rows)).map((one) => `${name}: ${one}`);
    } catch (error) {
      if (error instanceof EndlessRun) throw error;
      return [
        `${name}: it could not be checked: ${error instanceof Error ? error.message : error}`,
      ];
    }
  }

  #outcome(violations: readonly string[], restedAfterMs: number): Outcome {
    const { trace, faults } = this.world;
    return {
      seed: this.#options.seed,
      digest: trace.digest,
      violations,
      faults: faults.happened,
      steps: trace.steps,
      happenings: trace.count,
      restedAfterMs,
    };
  }

  [Symbol.dispose](): void {
    this.#waits[Symbol.dispose]();
    for (const { process } of this.system.members) process.kill("the world ends");
    this.#closeBeyond?.();
    this.disk.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The topology that it begins with: any of them. */
  #first(): Topology | undefined {
    const { topologies } = this.#scenario;
    return topologies[this.world.seed.fork("first topology").below(topologies.length)];
  }

  #everySecond(): void {
    this.world.after(1_000, () => this.#second(), { what: "second" });
  }

  #second(): void {
    this.system.everySecond();
    this.#broker.everySecond();
    this.#everySecond();
  }

  /** Lets everything come to rest until a time; tells when it did, or undefined. */
  #rest(
    clients: Clients,
    { overdue, endsAtMs }: { readonly overdue: Overdue; readonly endsAtMs: number },
  ): number | undefined {
    const { world } = this;
    const untilMs = Math.min(world.nowMs + REST_MS, endsAtMs);
    while (world.nowMs < untilMs) {
      world.runUntil(Math.min(world.nowMs + LOOK_MS, untilMs));
      const owed = this.#ledger.owed(this.#nowOfDay());
      overdue.look(owed, world.nowMs);
      if (this.#undone(clients, owed).length === 0) return world.nowMs;
    }
    return undefined;
  }

  #unrest(clients: Clients): string {
    const owed = this.#undone(clients, this.#ledger.owed(this.#nowOfDay())).join("; ");
    const why = this.#waits.sentence ?? (this.system.isIdle ? "" : ONLY_VIRTUAL);
    return `An hour after the last fault it is not at rest: ${owed}. ${why}`.trimEnd();
  }

  #undone(clients: Clients, owed: readonly string[]): readonly string[] {
    if (clients.busy.size > 0) return [`${[...clients.busy].join(", ")} did not end`];
    return this.system.isIdle ? owed : ["a process is busy", ...owed];
  }

  #nowOfDay(): number {
    const [member] = this.system.members;
    return member?.process.environment.now() ?? 0;
  }
}
