import { moduleName, type Procedure } from "../contract/contract.ts";
import { Caller } from "../module/caller.ts";
import type { Module } from "../module/define-module.ts";
import { ReaderModule } from "../module/reader-module.ts";
import { Deadlines } from "../resilience/deadlines.ts";
import { within } from "../resilience/within.ts";
import { openForReading } from "../store/database.ts";
import { OwnedError, StoreError } from "../store/store-error.ts";
import { OwnershipConflict } from "../transport/ownership-conflict.ts";
import {
  claimAll,
  databaseOf,
  ending,
  type Instance,
  type InstanceOptions,
  startInstance,
  startOwner,
} from "./instance.ts";
import { StartError } from "./start-error.ts";
import { TAKE_OVER_STOP_MS } from "./stop-budgets.ts";

/** How often a reader looks whether the owner is gone, in milliseconds. */
const LOOK_EVERY_MS = 250;

/**
 * Starts one of several equal processes over the same data: the first that takes the lock owns it,
 * the others answer queries. When the owner is gone, however it ended, one of them takes over.
 */
export async function startMember(options: InstanceOptions): Promise<Instance> {
  try {
    return await startInstance(options);
  } catch (error) {
    if (!(error instanceof OwnedError)) throw error;
  }
  const reader = new Member(options);
  await reader.begin();
  return reader;
}

/** A reader that may become the owner. */
class Member implements Instance {
  readonly gateway: Caller;
  readonly #options: InstanceOptions;
  readonly #deadlines: Deadlines;
  #readers: ReaderModule[] = [];
  #owner: Instance | undefined;
  #step: Promise<void> = Promise.resolve();
  #cancel = () => {};
  #stopping = false;

  constructor(options: InstanceOptions) {
    const { contracts, transport, environment } = options;
    this.#options = options;
    this.#deadlines = new Deadlines(environment);
    const all = new Set(contracts.map((contract) => contract[moduleName]));
    const isKnown = ({ module }: Procedure) => all.has(module);
    this.gateway = new Caller("gateway", isKnown, { transport, environment });
  }

  get modules() {
    return this.#owner?.modules ?? [];
  }

  breakers() {
    return this.#owner?.breakers() ?? [];
  }

  /** Resolves when it answers queries, or owns the data. */
  async begin(): Promise<void> {
    while (!this.#stopping && this.#readers.length === 0 && this.#owner === undefined) {
      try {
        await this.#read();
      } catch (error) {
        // The owner may still be making the databases.
        if (!(error instanceof StoreError)) throw error;
        await this.#pause();
        await this.#takeOver();
      }
    }
    this.#look();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#cancel();
    await within(this.#options.environment, TAKE_OVER_STOP_MS, this.#step);
    if (this.#owner !== undefined) return await this.#owner.stop();
    const end = ending(this.#options, 2);
    await end("what answers queries", () => this.#endReading());
    await end("the transport", () => this.#options.transport.close());
  }

  abandon(): void {
    this.#owner?.abandon();
  }

  async #read(): Promise<void> {
    const readers: ReaderModule[] = [];
    try {
      for (const module of this.#options.modules) readers.push(this.#readerOf(module));
    } catch (error) {
      for (const one of readers) await one.stop();
      throw error;
    }
    for (const one of readers) one.start();
    this.#readers = readers;
    await this.#options.transport.ready();
  }

  #readerOf(module: Module): ReaderModule {
    const { transport, environment, watch, log } = this.#options;
    const database = openForReading(databaseOf(module, this.#options));
    const own = log.with({ module: database.module });
    const deadlines = this.#deadlines;
    const about = { module, database, transport, deadlines, environment, watch };
    return new ReaderModule({ ...about, log: own });
  }

  /** Looks again and again whether the data can be owned. */
  #look(): void {
    if (this.#stopping || this.#owner !== undefined) return;
    this.#cancel = this.#options.environment.after(LOOK_EVERY_MS, () => {
      this.#step = this.#takeOver().then(() => this.#look());
    });
  }

  async #takeOver(): Promise<void> {
    const { modules, log } = this.#options;
    try {
      const claims = claimAll(modules, this.#options);
      log.info("the owner is gone; this process takes over", {
        modules: modules.map((module) => module.contract[moduleName]),
      });
      await this.#endReading();
      this.#owner = await startOwner(modules, this.#options, claims);
    } catch (error) {
      if (error instanceof OwnedError) return;
      // Its own data would be read beside another's: as a replica it is of no use either.
      if (error instanceof StartError && error.cause instanceof OwnershipConflict) {
        this.#stopping = true;
        return this.#options.onLost?.(error.cause);
      }
      log.error("the data could not be taken over", { error });
      if (this.#readers.length === 0) await this.#read().catch(() => {});
    }
  }

  async #endReading(): Promise<void> {
    const readers = this.#readers;
    this.#readers = [];
    for (const one of readers) await one.stop();
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => this.#options.environment.after(LOOK_EVERY_MS, resolve));
  }
}
