import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import type { Topology } from "../host/topology.ts";
import type { Module } from "../module/define-module.ts";
import { manifestOf } from "../module/manifest.ts";
import type { Manifest } from "../transport/manifest.ts";
import { SimulatedBroker } from "./broker/broker.ts";
import { caller } from "./clients.ts";
import { SimulatedDisk } from "./disk.ts";
import { Faults } from "./faults.ts";
import type { Images } from "./images.ts";
import { Ledger } from "./ledger.ts";
import { outsideOf } from "./outside.ts";
import { RealWaits } from "./real-waits.ts";
import type { Invariant, Scenario } from "./scenario.ts";
import { seeded } from "./seeded.ts";
import { SimulatedSystem } from "./simulated-system.ts";
import { Trace } from "./trace.ts";
import { usualFaults } from "./usual-faults.ts";
import { World } from "./world.ts";

const ONLY_VIRTUAL = "What waits for real time, as a file or setTimeout do, waits for ever here.";
/** How long anything may take that no fault disturbs. */
export const REST_MS = 60 * 60_000;

/** What a scenario is set up with. */
export interface StageOptions {
  readonly seed: number;
  /** What lies on the disk at the start. */
  readonly images: Images;
  /** The names of the faults that may happen; all when not given. */
  readonly only?: ReadonlySet<string> | undefined;
  /** Keeps every step, for the story. */
  readonly keepsSteps?: boolean;
  /** Has a debugger stop at each step that has this text. */
  readonly breakAt?: string | undefined;
}

/** The manifests of the modules that are run again and again. */
const manifests = new WeakMap<readonly Module[], Manifest>();

/** All that a run takes place on: a world with a disk, a broker, a system and what is beyond it. */
export class Stage implements Disposable {
  readonly world: World;
  readonly disk: SimulatedDisk;
  readonly system: SimulatedSystem;
  readonly ledger: Ledger;
  /** Calls in the name of whoever judges the run. */
  readonly call;
  /** Those of the scenario, and those of what is beyond the system. */
  readonly invariants: readonly Invariant[];
  readonly #broker: SimulatedBroker;
  readonly #closeBeyond: (() => void) | undefined;
  readonly #waits: RealWaits;
  readonly #mayHang: ReadonlySet<string>;
  readonly #folder = mkdtempSync(`${tmpdir()}/cleave-simulation-`);

  constructor(
    scenario: Scenario & { readonly topologies: readonly Topology[] },
    options: StageOptions,
  ) {
    const { modules, versions = [], topologies, outside, streamBytesMax, mayHang } = scenario;
    const seed = seeded(options.seed);
    const rates = { ...usualFaults, ...scenario.faults };
    const faults = new Faults({ seed: seed.fork("faults"), rates, only: options.only });
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
    this.invariants = [...scenario.invariants, ...(beyond?.invariants ?? [])];
    this.#closeBeyond = beyond?.close;
    this.ledger = new Ledger(disk, manifest);
    this.#mayHang = new Set(mayHang);
    this.#waits = new RealWaits();
  }

  /** What was done outside of it, in the real world: a sentence for each sort. */
  get trespasses(): readonly string[] {
    return this.#waits.sentences;
  }

  /** Why what was begun may not come to an end; empty when nothing is known of it. */
  get whyStill(): string {
    const { trespasses } = this;
    if (trespasses.length > 0) return trespasses.join(" ");
    return this.system.isIdle && this.hanging.length === 0 ? "" : ONLY_VIRTUAL;
  }

  /** Handlers that were given up and have not settled, a clause each. */
  get hanging(): readonly string[] {
    return this.system.members.flatMap(({ process, hanging }) =>
      hanging
        .filter((procedure) => !this.#mayHang.has(procedure))
        .map((procedure) => `a handler of ${procedure} in ${process.name} does not settle`),
    );
  }

  /** The time of day by the clock that is most behind: what is due by it, is so for everybody. */
  get timeOfDay(): number {
    return Math.min(...this.system.members.map(({ process }) => process.environment.now()));
  }

  /** Has happen each second what may, to processes, system and broker. */
  everySecond(): void {
    const second = () => {
      this.system.everySecond();
      this.#broker.everySecond();
      this.everySecond();
    };
    this.world.after(1_000, second, { what: "second" });
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
      const why = this.trespasses.join(" ") || ONLY_VIRTUAL;
      throw new Error(`${what} took more than an hour of virtual time. ${why}`);
    }
    if ("error" in outcome) throw outcome.error;
    return outcome.value;
  }

  [Symbol.dispose](): void {
    this.#waits[Symbol.dispose]();
    for (const { process } of this.system.members) process.kill("the world ends");
    this.#closeBeyond?.();
    this.disk.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
