import type { Call } from "../contract/call.ts";
import {
  type Contract,
  type ErrorCodeOf,
  type ErrorDataOf,
  type InputOf,
  moduleName,
  type OutputOf,
  type Procedure,
} from "../contract/contract.ts";
import type { DomainError } from "../contract/errors.ts";
import type { Identity } from "../contract/identity.ts";
import type {
  Committed,
  SagaReference,
  Synchronous,
  Transaction,
} from "../messaging/transaction.ts";
import type { Read } from "../store/connection.ts";
import type { Log } from "../telemetry/log.ts";
import type { Port } from "./port.ts";

/** Makes one of the errors that the procedure declares, to be thrown: `throw fail("…", data)`. */
export type Fail<P extends Procedure> = <Code extends ErrorCodeOf<P>>(
  code: Code,
  data: ErrorDataOf<P, Code>,
) => DomainError;

export interface QueryContext<P extends Procedure, Uses extends Contract = never> {
  readonly read: Read;
  readonly identity: Identity;
  readonly log: Log;
  readonly call: Call<Uses>;
  readonly fail: Fail<P>;
  /** Milliseconds since 1970. */
  now(): number;
  /** What stands behind a port of this module. */
  port<T>(port: Port<T>): T;
  /**
   * Waits until the saga has ended, or `withinMs` have passed, or it waits for something outside.
   * Zero or less is no time. Rejects with a TypeError when `withinMs` is no duration, such as NaN.
   */
  settled(saga: SagaReference<never>, id: string, withinMs: number): Promise<void>;
}

export interface CommandContext<P extends Procedure, Uses extends Contract = never>
  extends QueryContext<P, Uses> {
  newId(prefix: string): string;

  /**
   * Runs the command's one answering transaction. What `work` returns is the answer; it is stored
   * under the call's idempotency key in the same commit. `work` must be synchronous and may run
   * again from the start when a neighbour in the same group commit breaks the group.
   *
   * A failure that it throws undoes what it did, and the same key is tried anew. One that it
   * returns is an answer: it is committed with what it did, and the same key gets it again. When
   * the command was planned, it is done with that.
   */
  transaction(
    work: (tx: Transaction) => Synchronous<OutputOf<P> | DomainError>,
  ): Promise<Committed<OutputOf<P>>>;

  /**
   * Commits an intention before the world outside is touched, so that a crash in between is known
   * of. It may be called before `transaction`; it does not answer the command.
   */
  intent<T>(work: (tx: Transaction) => Synchronous<T>): Promise<T>;
}

type Work<P extends Procedure, Uses extends Contract> = P["kind"] extends "query"
  ? (input: InputOf<P>, context: QueryContext<P, Uses>) => OutputOf<P> | Promise<OutputOf<P>>
  : (input: InputOf<P>, context: CommandContext<P, Uses>) => Promise<Committed<OutputOf<P>>>;

/** What runs one procedure. `Module` names the modules that it calls. */
export interface Handler<P extends Procedure = Procedure, Module extends string = string> {
  readonly procedure: P;
  readonly uses: readonly Module[];
  readonly work: (input: never, context: never) => unknown;
}

/**
 * Declares what runs a procedure. A handler that calls other modules names their contracts in
 * `uses`; without it `call` accepts nothing.
 */
export function handler<P extends Procedure>(procedure: P, work: Work<P, never>): Handler<P, never>;
export function handler<P extends Procedure, Uses extends Contract>(
  procedure: P,
  options: { readonly uses: readonly Uses[] },
  work: Work<P, Uses>,
): Handler<P, Uses[typeof moduleName]>;
export function handler(
  procedure: Procedure,
  optionsOrWork: { readonly uses: readonly Contract[] } | Handler["work"],
  work?: Handler["work"],
): Handler {
  if (typeof optionsOrWork === "function") {
    return Object.freeze({ procedure, uses: [], work: optionsOrWork });
  }
  if (work === undefined) {
    throw new TypeError(`The handler of ${procedure.module}.${procedure.name} has no function.`);
  }
  const uses = optionsOrWork.uses.map((contract) => contract[moduleName]);
  return Object.freeze({ procedure, uses, work });
}
