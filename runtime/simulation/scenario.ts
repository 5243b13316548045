import type { Call } from "../contract/call.ts";
import type { Contract } from "../contract/contract.ts";
import type { PortOverride } from "../host/instance.ts";
import type { Topology } from "../host/topology.ts";
import type { Module } from "../module/define-module.ts";
import type { World as PortWorld } from "../module/port.ts";
import type { Actor } from "./agenda.ts";
import type { Fault, FaultRates } from "./faults.ts";

/** What is simulated: a system, what is done with it, and what must always hold. */
export interface Scenario {
  /** All modules of the system. */
  readonly modules: readonly Module[];
  /**
   * Other versions of all modules, over the same databases. The system begins with `modules`; each
   * process that is started again runs any of the versions, side by side with the others.
   */
  readonly versions?: readonly (readonly Module[])[] | undefined;
  /**
   * Which of them live together: one of these at the start, and after a change any other. Each must
   * be one that `bun start --topology` would take.
   */
  readonly topologies: readonly Topology[];
  readonly workload: Workload;
  readonly invariants: readonly Invariant[];
  /** How often each fault happens; what is not named happens as often as is usual. */
  readonly faults?: Partial<FaultRates> | undefined;
  /**
   * The procedures, such as `clock.look`, whose handlers need never settle: of all others one that
   * is given up after its deadline, and does not settle later either, is a failure.
   */
  readonly mayHang?: readonly string[] | undefined;
  /** How many bytes of each module's events the broker keeps; as many as usual when not given. */
  readonly streamBytesMax?: number | undefined;
  /** What is beyond the system, and stands behind its ports. */
  readonly outside?: ((outside: Outside) => Beyond) | undefined;
}

/** What is beyond a system, and what must hold of its own books. */
export interface Beyond {
  readonly ports: Ports;
  readonly invariants: readonly Invariant[];
  /** Gives back what it holds of this machine when the run is over. */
  readonly close?: () => void;
}

/** What stands behind ports in a process. */
export type Ports = (process: Actor) => readonly PortOverride[];

/** What is done with a system. */
export interface Workload {
  /** Fills the empty system, before anything can go wrong. */
  readonly prepare: (call: Call<Contract>) => Promise<void>;
  /** How many clients come, each at a time of its own. */
  readonly clients: number;
  /** What one client does. It fails when this rejects. */
  readonly client: (client: Client) => Promise<void>;
}

/** Somebody outside who uses the system. */
export interface Client {
  /** From 0. */
  readonly number: number;
  /**
   * Calls as the system, and again with the same key for as long as it is not known what came of
   * it. Rejects with what the callee threw, or when nobody has answered for twenty minutes.
   */
  readonly call: Call<Contract>;
  /** A number in [0, 1). */
  random(): number;
  /** Resolves after so many virtual milliseconds. */
  pause(ms: number): Promise<void>;
  /** Keeps a text for the invariants of this run, such as the id of what was confirmed. */
  note(text: string): void;
}

/** Something that must hold when all faults are over and all work is done. */
export interface Invariant {
  readonly name: string;
  /**
   * A sentence for each way in which it does not hold. Of the ids in it, as `newId` makes them or
   * such as `sale_7`, the failure tells the story. `notes` is what clients have noted, in order:
   * what they keep in variables is mixed with that of other runs.
   */
  readonly check: (
    call: Call<Contract>,
    rows: Rows,
    notes: readonly string[],
  ) => Promise<readonly string[]>;
}

/** Reads the database of a module, past the module: the first column of each row that SQL finds. */
export type Rows = (module: string, sql: string) => readonly string[];

/** The world beyond the system. It outlives every process, and no fault but its own touches it. */
export interface Outside {
  /** What a port's implementation may use; its folder outlives the processes. */
  readonly world: PortWorld;
  /** Calls into the system over a gateway, once. */
  readonly call: Call<Contract>;
  /** Whether a fault happens now. */
  happens(fault: Fault, about: string): boolean;
  /**
   * Resolves when a process has worked for so many virtual milliseconds, as on a hash; never when
   * it is gone by then.
   */
  spend(process: Actor, ms: number): Promise<void>;
  /**
   * Does something for a process, with the time that it takes to get there and back; the request
   * or the answer may get lost, and `lost` is then what the process is told after `lostMs`.
   */
  serve<T>(
    process: Actor,
    work: () => T | Promise<T>,
    about: { readonly what: string; readonly lostMs: number; readonly lost: () => Error },
  ): Promise<T>;
}
