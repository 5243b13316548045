import type { Call } from "../contract/call.ts";
import type {
  ErrorCodeOf,
  ErrorDataOf,
  InputOf,
  OutputOf,
  Procedure,
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

export interface QueryContext<P extends Procedure, Used extends Procedure = never> {
  readonly read: Read;
  readonly identity: Identity;
  readonly log: Log;
  readonly call: Call<Used>;
  readonly fail: Fail<P>;
  /** Milliseconds since 1970. */
  now(): number;
}

/** The context of a query with `ownerOnly: true`, which only the owner of the module answers. */
export interface OwnerQueryContext<P extends Procedure, Used extends Procedure = never>
  extends QueryContext<P, Used> {
  /** What stands behind a port of this module. */
  port<T>(port: Port<T>): T;
  /**
   * Waits until the saga has ended, or `withinMs` have passed, or it waits for something outside,
   * or the caller has given the call up.
   * Zero or less is no time. Rejects with a TypeError when `withinMs` is no duration, such as NaN.
   */
  settled(saga: SagaReference<never>, id: string, withinMs: number): Promise<void>;
}

export interface CommandContext<P extends Procedure, Used extends Procedure = never>
  extends OwnerQueryContext<P, Used> {
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
    work: (tx: Transaction<P["module"]>) => Synchronous<OutputOf<P> | DomainError>,
  ): Promise<Committed<OutputOf<P>>>;

  /**
   * Commits an intention before the world outside is touched, so that a crash in between is known
   * of. It may be called before `transaction`; it does not answer the command.
   */
  intent<T>(work: (tx: Transaction<P["module"]>) => Synchronous<T>): Promise<T>;
}

type QueryContextOf<P extends Procedure, Used extends Procedure> = P["ownerOnly"] extends true
  ? OwnerQueryContext<P, Used>
  : QueryContext<P, Used>;

/** The function of a handler. `Used` are the procedures that it may call. */
export type Work<P extends Procedure, Used extends Procedure> = P["kind"] extends "query"
  ? (input: InputOf<P>, context: QueryContextOf<P, Used>) => OutputOf<P> | Promise<OutputOf<P>>
  : (input: InputOf<P>, context: CommandContext<P, Used>) => Promise<Committed<OutputOf<P>>>;

/** What runs one procedure. `Used` are the procedures that it may call. */
export interface Handler<P extends Procedure = Procedure, Used extends Procedure = Procedure> {
  readonly procedure: P;
  readonly uses: readonly Used[];
  readonly work: (input: never, context: never) => unknown;
}

/**
 * Declares what runs a procedure. This one calls no other module: a handler that does is made with
 * the `handler` that `declareUses` returns.
 */
export function handler<P extends Procedure>(
  procedure: P,
  work: Work<P, never>,
): Handler<P, never> {
  return handlerUsing([], procedure, work);
}

/** Declares what runs a procedure and may call these. */
export function handlerUsing<P extends Procedure, Used extends Procedure>(
  uses: readonly Used[],
  procedure: P,
  work: Work<P, Used>,
): Handler<P, Used> {
  return Object.freeze({ procedure, uses, work });
}
