import { mkdirSync } from "node:fs";
import { type Contract, moduleName, type Procedure } from "../contract/contract.ts";
import type { Environment } from "../contract/environment.ts";
import { timeLeft } from "../contract/time.ts";
import { kernelMigrations } from "../messaging/kernel-schema.ts";
import { Caller } from "../module/caller.ts";
import type { Module } from "../module/define-module.ts";
import { type BreakerStanding, Guards } from "../module/guards.ts";
import { HostedModule } from "../module/hosted-module.ts";
import type { AnyPort, World } from "../module/port.ts";
import { graphMistakes } from "../module/registry.ts";
import { modulesOf } from "../module/uses.ts";
import { Deadlines } from "../resilience/deadlines.ts";
import { within } from "../resilience/within.ts";
import { claimDatabase, type DatabaseOptions, openDatabase } from "../store/database.ts";
import type { Disk } from "../store/disk.ts";
import type { Log } from "../telemetry/log.ts";
import type { LoopWatch } from "../telemetry/loop-watch.ts";
import { OwnershipConflict } from "../transport/ownership-conflict.ts";
import type { Transport } from "../transport/transport.ts";
import { StartError } from "./start-error.ts";
import { INSTANCE_CLOSE_MS, INSTANCE_STOP_MS } from "./stop-budgets.ts";

/** A port with what stands behind it here, in place of what it would open. */
export type PortOverride = readonly [port: AnyPort, behind: unknown];

export interface InstanceOptions {
  /** The modules that run here. */
  readonly modules: readonly Module[];
  /** The contracts of every module of the system, wherever it runs. */
  readonly contracts: readonly Contract[];
  readonly transport: Transport;
  readonly environment: Environment;
  readonly log: Log;
  /** Watches the event loop of this process, by its clock; nobody does when not given. */
  readonly watch?: LoopWatch | undefined;
  /** The data folder. */
  readonly folder: string;
  readonly publicUrl: string;
  readonly development: boolean;
  /** Settings of ports, by the port's name, validated against its schema. */
  readonly settings: ReadonlyMap<string, unknown>;
  readonly overrides?: readonly PortOverride[];
  /** What the data folder lies on; the files of this machine when not given. */
  readonly disk?: Disk;
  /** Is told when another process owns a module now that is placed here: this one is to stop. */
  readonly onLost?: (conflict: OwnershipConflict) => void;
}

/** One process's share of the system: the modules placed here, at work. */
export interface Instance {
  readonly modules: readonly HostedModule[];
  /** Makes calls in the name of the gateway, to any module. */
  readonly gateway: Caller;
  /** The circuit breakers before what the ports reach, such as a mail server. */
  breakers(): readonly BreakerStanding[];
  /**
   * Stops taking work, finishes what was begun, closes everything. What does not end in time is
   * named in the log and left as a crash would leave it, which loses nothing.
   */
  stop(): Promise<void>;
  /** Closes the databases at once and leaves everything else as a crash would. For tests. */
  abandon(): void;
}

/**
 * Opens the databases of the modules placed here, migrates them and starts the modules, callees
 * before callers. When anything is refused, everything that was opened is closed again.
 */
export async function startInstance(options: InstanceOptions): Promise<Instance> {
  const { modules, contracts } = options;
  const mistakes = graphMistakes(modules, contracts);
  if (mistakes.length > 0) throw new StartError(mistakes.join("\n"));
  const here = inCallOrder(modules);
  return await startOwner(here, options, claimAll(here, options));
}

/**
 * Takes the ownership of all these modules, or of none. Throws an OwnedError when another process
 * has one of them.
 */
export function claimAll(modules: readonly Module[], options: InstanceOptions): Opened[] {
  const claims: Opened[] = [];
  try {
    for (const module of modules)
      claims.push({
        name: `the lock of ${nameOf(module)}`,
        close: claimDatabase(databaseOf(module, options)),
      });
  } catch (error) {
    for (const one of claims.reverse()) void one.close();
    throw error;
  }
  return claims;
}

/**
 * Starts modules whose databases were claimed, once they are claimed at the broker too. Throws a
 * StartError when a process over another data folder owns one of them there.
 */
export async function startOwner(
  here: readonly Module[],
  options: InstanceOptions,
  claims: readonly Opened[],
): Promise<Instance> {
  const { contracts, transport, environment } = options;
  const hosted: HostedModule[] = [];
  const opened: Opened[] = [...claims];
  const shared = { opened, deadlines: new Deadlines(environment), guards: new Guards(environment) };
  const close = async () => {
    const end = ending(options, hosted.length + 1 + opened.length);
    // Callers first: what they have in flight may still need those that they call.
    for (const one of hosted.toReversed()) await end(one.name, () => one.stop());
    await end("the transport", () => transport.close());
    for (const one of opened.reverse()) await end(one.name, () => one.close());
  };
  try {
    for (const module of here) hosted.push(hostModule(module, options, shared));
    for (const { engine } of hosted) engine.assertDefined();
    const { onLost = () => {} } = options;
    await Promise.all(hosted.map((one) => one.own(onLost)));
    for (const one of hosted) one.start();
    await transport.ready();
  } catch (error) {
    for (const one of opened.reverse()) await one.close();
    if (!(error instanceof OwnershipConflict)) throw error;
    throw new StartError(error.message, { cause: error });
  }
  const all = new Set(contracts.map((contract) => contract[moduleName]));
  const isKnown = ({ module }: Procedure) => all.has(module);
  const gateway = new Caller("gateway", isKnown, { transport, environment });
  const abandon = () => {
    for (const one of opened.reverse()) void one.close();
  };
  const breakers = () => shared.guards.standings();
  return { modules: hosted, gateway, breakers, stop: close, abandon };
}

/**
 * Ends so many parts of an instance one after the other, all within its time to stop: however long
 * one takes, each after it has its share of the time to close.
 */
export function ending(
  { environment, log }: Pick<InstanceOptions, "environment" | "log">,
  parts: number,
) {
  const untilMs = environment.monotonic() + INSTANCE_STOP_MS;
  const shareMs = INSTANCE_CLOSE_MS / parts;
  let partsAfter = parts;
  return async (name: string, end: () => void | Promise<void>) => {
    partsAfter -= 1;
    const withinMs = Math.max(0, untilMs - environment.monotonic() - partsAfter * shareMs);
    if (await within(environment, withinMs, Promise.resolve(end()))) return;
    log.error("did not stop in time and is left as it is, as a crash would leave it", { name });
  };
}

/** What is closed when the instance ends. */
export interface Opened {
  /** What it is, for whoever reads the log. */
  readonly name: string;
  close(): void | Promise<void>;
}

/** Where a module's database is, and how it is brought up to date. */
export function databaseOf(
  module: Module,
  { folder, environment, disk }: Pick<InstanceOptions, "folder" | "environment" | "disk">,
): DatabaseOptions {
  const migrations = { kernel: kernelMigrations, module: module.migrations };
  const { schema } = module;
  return { module: nameOf(module), folder, migrations, schema, environment, disk };
}

/** What the modules of an instance share. */
interface Shared {
  readonly opened: Opened[];
  readonly deadlines: Deadlines;
  readonly guards: Guards;
}

function hostModule(module: Module, options: InstanceOptions, shared: Shared): HostedModule {
  const { opened, deadlines, guards } = shared;
  const { transport, environment, watch } = options;
  const database = openDatabase(databaseOf(module, options));
  opened.push({ name: `the database of ${nameOf(module)}`, close: () => database.close() });
  const ports = openPorts(module, options, shared);
  const log = options.log.with({ module: database.module });
  const parts = { module, database, ports, log, transport, environment, watch };
  return new HostedModule({ ...parts, deadlines, guards });
}

function openPorts(
  module: Module,
  options: InstanceOptions,
  { opened, guards }: Shared,
): ReadonlyMap<string, unknown> {
  const ports = new Map<string, unknown>();
  for (const port of module.ports) {
    const override = options.overrides?.find(([overridden]) => overridden.name === port.name);
    if (override !== undefined) {
      ports.set(port.name, override[1]);
      continue;
    }
    const settings = options.settings.get(port.name) ?? {};
    // The settings were read by the schema of this port.
    const behind = port.open(settings as never, worldOf(port, options, guards));
    // This port has opened it.
    opened.push({ name: port.name, close: () => port.close(behind as never) });
    ports.set(port.name, behind);
  }
  return ports;
}

function worldOf(port: AnyPort, options: InstanceOptions, guards: Guards): World {
  const { environment, log, folder, publicUrl, development } = options;
  return {
    log: log.with({ port: port.name }),
    now: environment.now,
    newId: environment.newId,
    random: environment.random,
    randomBytes: environment.randomBytes,
    after: (delayMs, work) =>
      environment.after(timeLeft(delayMs, `The delay given by ${port.name}`), work),
    guard: (isAway) => guards.add(port.name, isAway),
    folder() {
      const own = `${folder}/${port.name}`;
      mkdirSync(own, { recursive: true });
      return own;
    },
    publicUrl,
    development,
  };
}

/** Callees first, so that nobody calls into the void while the instance starts. */
function inCallOrder(modules: readonly Module[]): Module[] {
  const ordered: Module[] = [];
  function visit(module: Module): void {
    if (ordered.includes(module)) return;
    const used = modulesOf(module.uses);
    for (const one of modules) if (used.includes(nameOf(one))) visit(one);
    ordered.push(module);
  }
  for (const module of modules) visit(module);
  return ordered;
}

function nameOf(module: Module): string {
  return module.contract[moduleName];
}
