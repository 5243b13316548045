import { moduleName, proceduresOf } from "../contract/contract.ts";
import type { Environment } from "../contract/environment.ts";
import { ContractError } from "../contract/errors.ts";
import type { Deadlines } from "../resilience/deadlines.ts";
import type { ReadDatabase } from "../store/database.ts";
import type { Log } from "../telemetry/log.ts";
import type { LoopWatch } from "../telemetry/loop-watch.ts";
import type { Transport } from "../transport/transport.ts";
import { Caller } from "./caller.ts";
import type { Module } from "./define-module.ts";
import { Dispatcher } from "./dispatcher.ts";

/** What a reading module stands on. */
export interface ReaderModuleOptions {
  readonly module: Module;
  readonly database: ReadDatabase;
  readonly transport: Transport;
  readonly deadlines: Deadlines;
  readonly environment: Environment;
  readonly log: Log;
  readonly watch?: LoopWatch | undefined;
}

/**
 * A module beside its owner: it answers queries from the same database, which it cannot write. It
 * has no ports and runs no sagas: what needs them is `ownerOnly` and not offered here.
 */
export class ReaderModule {
  readonly #options: ReaderModuleOptions;
  readonly #dispatcher: Dispatcher;
  #withdraw: () => Promise<void> = async () => {};

  constructor(options: ReaderModuleOptions) {
    this.#options = options;
    this.#dispatcher = this.#openDispatcher();
  }

  /** Offers the module's queries to others. */
  start(): void {
    const { module, transport } = this.#options;
    const name = module.contract[moduleName];
    const procedures = proceduresOf(module.contract).filter(({ ownerOnly }) => !ownerOnly);
    const traffic = () => this.#dispatcher.traffic;
    const blocking = () => this.#options.watch?.blocking(name) ?? [];
    const offer = { module: name, procedures, isReader: true, traffic, blocking };
    this.#withdraw = transport.serve(offer, (procedure, input, request) =>
      this.#dispatcher.serve(procedure, input, request),
    );
  }

  /** Takes no more queries and resolves when those that had come are answered. */
  async stop(): Promise<void> {
    await this.#withdraw();
    await this.#dispatcher.idle();
    this.#options.database.close();
  }

  #openDispatcher(): Dispatcher {
    const { module, database, transport, environment, deadlines, watch, log } = this.#options;
    const name = module.contract[moduleName];
    const refuse = (): never => {
      throw new ContractError(`This instance only reads the data of ${name}; ask its owner.`);
    };
    const transact = async () => refuse();
    const uses = new Set(module.uses);
    const through = { transport, environment };
    const caller = new Caller(name, (procedure) => uses.has(procedure), through);
    const context = {
      read: database,
      log,
      caller,
      now: () => environment.now(),
      newId: (prefix: string) => environment.newId(prefix),
      port: refuse,
      settled: transact,
      intend: transact,
    };
    const handlers = Object.values(module.handlers).filter(({ procedure }) => !procedure.ownerOnly);
    return new Dispatcher(
      { module: name, read: database, log, environment, deadlines, watch, context, transact },
      handlers,
    );
  }
}
