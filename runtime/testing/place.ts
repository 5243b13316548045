import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import type { Call, CallOptions } from "../contract/call.ts";
import { type Contract, moduleName, type Procedure } from "../contract/contract.ts";
import { type Identity, system } from "../contract/identity.ts";
import { type Instance, type PortOverride, startInstance } from "../host/instance.ts";
import { realEnvironment } from "../host/real-environment.ts";
import type { Module } from "../module/define-module.ts";
import type { HostedModule } from "../module/hosted-module.ts";
import { manifestOf } from "../module/manifest.ts";
import type { Log } from "../telemetry/log.ts";
import { encoded } from "../transport/encoded.ts";
import { inProcess } from "../transport/in-process.ts";
import type { EventsState } from "../transport/report.ts";
import type { Envelope, Transport } from "../transport/transport.ts";
import { brokerFor, type Nats } from "./broker.ts";
import { duplicating } from "./duplicating.ts";
import { Stillness, turns } from "./stillness.ts";
import {
  TEST_EPOCH_MS,
  type VirtualEnvironment,
  virtualEnvironment,
} from "./virtual-environment.ts";

/** How the modules of a test meet. Every spec runs in each. */
export const placements = ["in process", "in process, encoded", "over NATS"] as const;
export type Placement = (typeof placements)[number];

/**
 * Real milliseconds that `settle` waits for work outside the virtual clock, such as mail or
 * hashing.
 */
const PATIENCE_MS = 10_000;
const CALL_DEADLINE_MS = 3_600_000;

export interface PlaceOptions {
  readonly ports?: readonly PortOverride[];
  /** Settings of ports, by the port's name. */
  readonly settings?: ReadonlyMap<string, unknown>;
  readonly seed?: number;
  /**
   * How often the clock of the day is looked at, in milliseconds; every minute, as in earnest, when
   * not given. A test that lets months pass looks less often.
   */
  readonly lookEveryMs?: number;
  /** True to have instances chosen by heartbeats, and circuits before them, as in earnest. */
  readonly balance?: boolean;
  /** False to leave out doubled deliveries and repeated calls. */
  readonly duplicate?: boolean;
}

/** An event as it was published. */
export interface Published {
  readonly type: string;
  readonly payload: unknown;
}

/**
 * Runs modules in one process for a test, over real databases in a folder of their own, with a
 * clock that only `advance` moves. Events come twice and calls are repeated.
 */
export async function place(
  placement: Placement,
  modules: readonly Module[],
  options: PlaceOptions = {},
): Promise<Placed> {
  const placed = new Placed(placement, modules, options);
  await placed.start();
  return placed;
}

/** The running modules of a test. */
export class Placed implements AsyncDisposable {
  /** What was published since the start, in the order of commits of each module. */
  readonly events: Published[] = [];
  /** Log lines of level warn and error. */
  readonly problems: unknown[] = [];
  readonly folder = mkdtempSync(`${tmpdir()}/cleave-test-`);
  readonly #placement: Placement;
  readonly #modules: readonly Module[];
  readonly #options: PlaceOptions;
  #environment: VirtualEnvironment;
  #instance: Instance | undefined;
  #transport: Transport | undefined;
  #nats: Nats | undefined;
  #stillness: Stillness | undefined;
  #keys = 0;

  constructor(placement: Placement, modules: readonly Module[], options: PlaceOptions) {
    this.#placement = placement;
    this.#modules = modules;
    this.#options = options;
    this.#environment = virtualEnvironment(options.seed, TEST_EPOCH_MS, options);
  }

  /** Calls a procedure as the system. */
  readonly call: Call<Contract> = (procedure, input, options) =>
    this.#call(procedure, input, { identity: system, options }) as never;

  /** Calls as somebody. */
  as(identity: Identity): { call: Call<Contract> } {
    return {
      call: (procedure, input, options) =>
        this.#call(procedure, input, { identity, options }) as never,
    };
  }

  /** The virtual time, in milliseconds since 1970. */
  now(): number {
    return this.#environment.now();
  }

  /** Sets the clock of the day, as an operator or a suspended machine does. No timer notices. */
  setClock(byMs: number): void {
    this.#environment.setClock(byMs);
  }

  /** The circuit breakers of the ports that are not closed. */
  broken(): string[] {
    const all = this.#instance?.breakers() ?? [];
    return all.flatMap(({ name, state }) => (state === "closed" ? [] : `${name} ${state}`));
  }

  /** The circuits of calls between modules; in process there are none. */
  circuits(): string[] {
    const all = this.#nats?.neighbours.balancer?.circuits() ?? [];
    return all.map(({ procedure, state }) => `${procedure} ${state}`).sort();
  }

  /** How many calls of a module are running. */
  inFlight(module: string): number {
    return this.#hosted(module).traffic.inFlight;
  }

  /** What stands still in the events that a module takes in and publishes. */
  eventsOf(module: string): EventsState {
    return this.#hosted(module).events;
  }

  /** Resolves when nothing is left to do at this moment of the virtual clock. */
  async settle(): Promise<void> {
    const untilMs = Date.now() + PATIENCE_MS;
    for (let calm = 0; calm < 3; ) {
      this.#environment.moveTo(this.#environment.monotonic());
      await this.#stillness?.flush();
      await turns(4);
      calm = this.#busy() ? 0 : calm + 1;
      if (calm > 0) continue;
      if (Date.now() > untilMs) {
        throw new Error(
          `Not settled after ${PATIENCE_MS} ms: a call is waiting. Advance the clock?`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** Moves the clock, timer by timer, letting everything happen that each one sets off. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#environment.monotonic() + ms;
    // What was set off before the clock moves happens before it moves.
    await this.#quiet();
    for (;;) {
      const nextMs = this.#environment.nextTimerAtMs();
      this.#environment.moveTo(Math.min(nextMs ?? untilMs, untilMs));
      await this.#quiet();
      const again = this.#environment.nextTimerAtMs();
      const isOver = this.#environment.monotonic() >= untilMs;
      if (isOver && (again === undefined || again > untilMs)) return;
    }
  }

  /** The named points reached since the last start, such as `commit.before:orders`. */
  get points(): readonly string[] {
    return this.#environment.points;
  }

  /**
   * Has the process be gone at the nth named point from now, and resolves with the point's name.
   * What waits for an answer then waits for ever; `restart` goes on.
   */
  crashAt(nth: number): Promise<string> {
    return this.#environment.crashAt(nth);
  }

  /** Ends the modules as a crash would, and starts them `afterMs` later over the same data. */
  async restart(afterMs = 0): Promise<void> {
    const atMs = this.#environment.now() + afterMs;
    await this.#crash();
    const seed = (this.#options.seed ?? 1) + atMs;
    this.#environment = virtualEnvironment(seed, atMs, this.#options);
    await this.start();
  }

  /** Stops the modules gracefully; the clock must move on for what waits for it. */
  async stop(): Promise<void> {
    await this.#instance?.stop();
    this.#instance = undefined;
  }

  async start(): Promise<void> {
    const wired = await this.#wire();
    const newKey = () => `test-${this.#keys++}`;
    this.#transport = this.#options.duplicate === false ? wired : duplicating(wired, newKey);
    this.#instance = await startInstance({
      modules: this.#modules,
      contracts: this.#modules.map((module) => module.contract),
      transport: recording(this.#transport, this.events),
      environment: this.#environment,
      log: testLog(this.problems),
      folder: this.folder,
      publicUrl: "http://shop.test",
      development: true,
      settings: this.#options.settings ?? new Map(),
      overrides: this.#options.ports ?? [],
    });
    await this.#stillness?.flush();
  }

  /** The transport of the placement. Over NATS, each module is an instance of its own. */
  async #wire(): Promise<Transport> {
    if (this.#placement === "in process") return inProcess(this.#environment);
    if (this.#placement === "in process, encoded") return encoded(inProcess(this.#environment));
    const manifest = manifestOf(this.#modules);
    const broker = await brokerFor(manifest);
    if (this.#nats === undefined) await broker.wipe();
    const users = [...this.#modules.map((module) => module.contract[moduleName]), "gateway"];
    // With randomness of its own, so that the modules' does not depend on the placement.
    const { randomBytes } = realEnvironment();
    const environment = { ...this.#environment, randomBytes };
    const calleesOf = (user: string) => {
      if (user === "gateway") return manifest.map(({ name }) => name);
      return manifest.flatMap(({ name, calls }) =>
        name === user ? calls.map(({ callee }) => callee) : [],
      );
    };
    const balance = { callees: calleesOf, version: "1" };
    this.#nats = await broker.connect({
      users,
      environment,
      ...(this.#options.balance === true && { balance }),
    });
    this.#stillness = new Stillness(this.#nats);
    return this.#nats;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#crash();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #crash(): Promise<void> {
    this.#environment.kill();
    await this.#nats?.abandon();
    this.#instance?.abandon();
    this.#instance = undefined;
  }

  #call(
    procedure: Procedure,
    input: unknown,
    { identity, options }: { identity: Identity; options: CallOptions | undefined },
  ) {
    const { gateway } = this.#instance as Instance;
    const deadlineAtMs = this.#environment.monotonic() + CALL_DEADLINE_MS;
    const traceId = this.#environment.newTraceId();
    const origin = { identity, traceId, deadlineAtMs };
    return gateway.call(procedure, input, { origin, options });
  }

  #hosted(module: string): HostedModule {
    const found = this.#instance?.modules.find(({ name }) => name === module);
    if (found === undefined) throw new Error(`${module} does not run.`);
    return found;
  }

  #busy(): boolean {
    const modules = this.#instance?.modules ?? [];
    return modules.some((one) => one.busy) || (this.#transport?.busy() ?? false);
  }

  /** Like settle, but content with calls that wait for the clock to move on. */
  async #quiet(): Promise<void> {
    if (this.#stillness !== undefined) return this.#stillness.come();
    for (let calm = 0, rounds = 0; calm < 3 && rounds < 200; rounds++) {
      await turns(4);
      calm = this.#busy() ? 0 : calm + 1;
    }
  }
}

function recording(inner: Transport, events: Published[]): Transport {
  return {
    own: (claim) => inner.own(claim),
    serve: (offer, serve) => inner.serve(offer, serve),
    call: (procedure, input, request) => inner.call(procedure, input, request),
    subscribe: (subscription) => inner.subscribe(subscription),
    ready: () => inner.ready(),
    idle: () => inner.idle(),
    busy: () => inner.busy(),
    close: () => inner.close(),
    publish(source) {
      const publish = inner.publish(source);
      return (envelopes: readonly Envelope[]) => {
        for (const { module, event, payload } of envelopes) {
          events.push({ type: `${module}.${event}`, payload: JSON.parse(payload) });
        }
        publish(envelopes);
      };
    },
  };
}

function testLog(problems: unknown[]): Log {
  const log: Log = {
    debug() {},
    info() {},
    warn: (message, fields) => problems.push({ message, ...fields }),
    error: (message, fields) => problems.push({ message, ...fields }),
    with: () => log,
  };
  return log;
}
