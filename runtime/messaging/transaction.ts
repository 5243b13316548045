import type { EventType, InputOf, PayloadOf, Procedure } from "../contract/contract.ts";
import type { Write } from "../store/connection.ts";

declare const sagaInput: unique symbol;

/** Names a saga and remembers the type of its input; every saga is one. */
export interface SagaReference<Input> {
  readonly name: string;
  readonly [sagaInput]?: (input: Input) => void;
}

/** A procedure that changes something: what can be scheduled. */
export type CommandOf<Module extends string> = Procedure<Module> & { readonly kind: "command" };

/**
 * One atomic change of a module's database, with all that must happen with it or not at all.
 *
 * It is used within a synchronous function; nothing of it is visible to anyone before the commit,
 * and everything is undone when the function throws. What is no part of the module (an event, a
 * command, a saga) is refused with a DeclarationError. In a handler's own function the type knows
 * the module, so that another module's event or command does not compile.
 */
export interface Transaction<Module extends string = string> extends Write {
  /** The time of this transaction, in milliseconds since 1970. */
  readonly now: number;

  /** A new id: the prefix, an underscore and a UUIDv7, as in `ord_0197…`. */
  newId(prefix: string): string;

  /** Publishes a fact. It reaches every reaction at least once, in the order of commits. */
  emit<E extends EventType<Module>>(event: E, payload: PayloadOf<E>): void;

  /**
   * Has one of this module's own commands run at or after `atMs`, as the system.
   *
   * The same command and key scheduled again replaces the time and the input. The row goes away in
   * the transaction of the command's effect, so that effect happens once; a command that fails is
   * tried again with growing pauses and becomes a dead letter after the last attempt. Throws a
   * TypeError when `atMs` is no point in time, such as NaN; one that is past means at once.
   */
  schedule<P extends CommandOf<Module>>(
    command: P,
    input: InputOf<P>,
    options: { readonly key: string; readonly atMs: number },
  ): void;

  /**
   * Takes back what `schedule` planned under this key; nothing happens when it has already run.
   *
   * While the command runs, whichever commits first holds: after this commit, what the command does
   * in its `transaction` is undone, and it is not tried again. What it committed by `intent` before
   * stays, as does what it did outside. Scheduled again under its key instead, a command that runs
   * commits what it does, and the new plan runs too.
   */
  unschedule(command: CommandOf<Module>, key: string): void;

  /**
   * Starts a saga under an id of your choice. The same saga and id again changes nothing, until a
   * year after the saga has ended.
   */
  start<Input>(saga: SagaReference<Input>, id: string, input: Input): void;

  /**
   * Has a waiting saga run its waiting step again, also when a crash follows the commit. One whose
   * step runs just now runs it once more instead of waiting. Nothing happens to any other.
   */
  wake(saga: SagaReference<never>, id: string): void;
}

declare const committed: unique symbol;

/**
 * A command's answer, and the proof that it was committed together with its effect: only a
 * handler's `transaction` makes one.
 */
export interface Committed<T> {
  readonly [committed]: T;
}

/**
 * The result of a function that is given a transaction and has ended when it returns: no promise
 * and no generator, since a transaction waits for nothing. A function that returns it must infer
 * `T`, because `() => void` accepts any result.
 */
export type Synchronous<T> = T extends PromiseLike<unknown> | Generator | AsyncGenerator
  ? never
  : T;
