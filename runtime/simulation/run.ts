import type { Topology } from "../host/topology.ts";
import { Clients } from "./clients.ts";
import type { Happened } from "./faults.ts";
import { Overdue } from "./overdue.ts";
import { EndlessRun } from "./pace.ts";
import type { Invariant, Rows, Scenario } from "./scenario.ts";
import { REST_MS, Stage, type StageOptions } from "./stage.ts";
import type { Step } from "./trace.ts";

const MINUTE_MS = 60_000;
const LOOK_MS = 5_000;
const PATIENT =
  "A client ends when its promise does. Have one that waits for something throw after some time " +
  "what it has waited for.";
const GIVE_TEXTS =
  "Have it give an array of sentences, one for each way in which it does not hold, and an empty " +
  "one when it holds.";

/** What of a scenario is run. */
export interface RunOptions extends StageOptions {
  /** How long faults happen, in virtual minutes. */
  readonly minutes: number;
  /** Ends at this virtual time, whatever holds by then. */
  readonly untilMs?: number | undefined;
  /** Has the outcome tell by a number what was left in the databases. */
  readonly readsContent?: boolean;
}

/** How a run ended. */
export interface Outcome {
  readonly seed: number;
  /** The same for the same run: 16 hexadecimal digits over all that happened. */
  readonly digest: string;
  /** What did not hold, a sentence each. */
  readonly violations: readonly string[];
  /** False when it was ended before it was known what holds. */
  readonly isJudged: boolean;
  readonly faults: readonly Happened[];
  readonly steps: readonly Step[];
  readonly happenings: number;
  /** A number over every row that was left, when it was asked for. */
  readonly content: number | undefined;
  /** Virtual milliseconds from the last fault until everything was at rest. */
  readonly restedAfterMs: number;
}

/** Runs a scenario by a seed, to the end. */
export function runSeed(scenario: Scenario, options: RunOptions): Outcome {
  using stage = new Stage(scenario, options);
  return new Run(stage, { scenario, options }).toTheEnd();
}

/** One run: what happens on a stage, and what is to be said of it. */
class Run {
  readonly #stage: Stage;
  readonly #scenario: Scenario;
  readonly #options: RunOptions;
  readonly #faultsMs: number;
  readonly #clients: Clients;

  constructor(stage: Stage, about: { readonly scenario: Scenario; readonly options: RunOptions }) {
    const { scenario, options } = about;
    const { world, system } = stage;
    this.#stage = stage;
    this.#scenario = scenario;
    this.#options = options;
    this.#faultsMs = options.minutes * MINUTE_MS;
    this.#clients = new Clients(scenario, { world, system, untilMs: this.#faultsMs * 0.8 });
  }

  /** Runs, and has one that would never end be a run in which that did not hold. */
  toTheEnd(): Outcome {
    try {
      return this.#toTheEnd();
    } catch (error) {
      if (!(error instanceof EndlessRun)) throw error;
      return this.#outcome([error.message]);
    }
  }

  #toTheEnd(): Outcome {
    const { world, system, ledger, invariants } = this.#stage;
    const { untilMs = Number.POSITIVE_INFINITY } = this.#options;
    system.start(this.#first());
    world.faults.on = true;
    this.#stage.everySecond();
    world.runUntil(Math.min(this.#faultsMs, untilMs));
    if (untilMs <= this.#faultsMs) return this.#unjudged();
    world.faults.on = false;
    const overdue = new Overdue();
    const isAtRest = this.#rest(overdue, untilMs);
    if (world.nowMs >= untilMs) return this.#unjudged();
    const restedAtMs = world.nowMs;
    const wrong = [...this.#clients.failures, ...ledger.wrong(), ...overdue.sentences];
    // Why it does not come to rest is most often why all else failed.
    if (!isAtRest) return this.#outcome([this.#unrest(), ...wrong], restedAtMs);
    const broken = invariants.flatMap((one) => this.#checked(one));
    return this.#outcome([...wrong, ...broken], restedAtMs);
  }

  #unjudged(): Outcome {
    return { ...this.#outcome([]), isJudged: false };
  }

  #checked({ name, check }: Invariant): readonly string[] {
    const { call, ledger } = this.#stage;
    const rows: Rows = (module, sql) => ledger.rows(module, sql);
    const checking = async () => check(call, rows, this.#clients.notes);
    try {
      const found: unknown = this.#stage.settle("Checking it", checking());
      if (!isTexts(found)) return [`${name}: its check gave ${kindOf(found)}. ${GIVE_TEXTS}`];
      return found.map((one) => `${name}: ${one}`);
    } catch (error) {
      if (error instanceof EndlessRun) throw error;
      return [`${name}: it could not be checked: ${this.#stage.world.defects.textOf(error)}`];
    }
  }

  #outcome(found: readonly string[], restedAtMs = this.#stage.world.nowMs): Outcome {
    const { trespasses, world } = this.#stage;
    const { trace, faults } = world;
    const isUntold = (one: string) => !found.some((sentence) => sentence.includes(one));
    const violations = [...trespasses.filter(isUntold), ...found];
    return {
      seed: this.#options.seed,
      digest: trace.digest,
      violations,
      isJudged: true,
      faults: faults.happened,
      steps: trace.steps,
      happenings: trace.count,
      content: this.#options.readsContent === true ? this.#stage.disk.digest : undefined,
      restedAfterMs: Math.max(0, restedAtMs - this.#faultsMs),
    };
  }

  /** The topology that it begins with: any of them. */
  #first(): Topology | undefined {
    const { topologies } = this.#scenario;
    const { seed } = this.#stage.world;
    return topologies[seed.fork("first topology").below(topologies.length)];
  }

  /** Lets everything come to rest, until a time; tells whether it did. */
  #rest(overdue: Overdue, endsAtMs: number): boolean {
    const { world, ledger } = this.#stage;
    const untilMs = Math.min(world.nowMs + REST_MS, endsAtMs);
    while (world.nowMs < untilMs) {
      world.runUntil(Math.min(world.nowMs + LOOK_MS, untilMs));
      const owed = ledger.owed(this.#stage.timeOfDay);
      overdue.look(owed, world.nowMs);
      if (this.#undone(owed).length === 0) return true;
    }
    return false;
  }

  #unrest(): string {
    const { ledger, timeOfDay, whyStill } = this.#stage;
    const owed = this.#undone(ledger.owed(timeOfDay)).join("; ");
    const why = whyStill === "" && this.#clients.busy.size > 0 ? PATIENT : whyStill;
    return `An hour after the last fault it is not at rest: ${owed}. ${why}`.trimEnd();
  }

  #undone(owed: readonly string[]): readonly string[] {
    const { busy } = this.#clients;
    if (busy.size > 0) return [`${[...busy].join(", ")} did not end`];
    const { hanging, system } = this.#stage;
    return system.isIdle ? [...hanging, ...owed] : ["a process is busy", ...hanging, ...owed];
  }
}

function isText(one: unknown): one is string {
  return typeof one === "string";
}

function isTexts(found: unknown): found is readonly string[] {
  return Array.isArray(found) && found.every(isText);
}

/** What kind of thing it is that a check gave, and should not have. */
function kindOf(found: unknown): string {
  if (Array.isArray(found)) return `an array with ${kindOf(found.find((one) => !isText(one)))}`;
  return found === undefined ? "undefined" : `a value of type ${typeof found}`;
}
