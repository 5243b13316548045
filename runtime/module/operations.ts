import { command, contract, query } from "../contract/contract.ts";
import { t } from "../contract/schema.ts";
import { deadLetter, deadLetters, removeDeadLetter } from "../messaging/dead-letters.ts";
import type { Transaction } from "../messaging/transaction.ts";
import type { SagaEngine } from "../saga/engine.ts";
import { listSagas } from "../saga/journal.ts";
import { type Handler, handler } from "./handler.ts";

const Nullable = t.Union([t.String({ maxLength: 200 }), t.Null()]);

const known = new Map<string, ReturnType<typeof operationsFor>>();

/** The procedures that every module has beside its own, for those who run the system. */
export function operationsOf(module: string) {
  const operations = known.get(module) ?? operationsFor(module);
  known.set(module, operations);
  return operations;
}

function operationsFor(module: string) {
  return contract(module, {
    /** Sagas by name, state and id, newest first. */
    cleaveSagas: query({
      input: t.Object({
        name: Nullable,
        state: Nullable,
        id: Nullable,
        limit: t.Integer({ minimum: 1, maximum: 200 }),
      }),
      output: t.Array(
        t.Object({
          module: t.String(),
          name: t.String(),
          id: t.String(),
          version: t.Integer(),
          state: t.String(),
          step: t.Integer(),
          failure: t.Union([t.Object({ step: t.String(), code: t.String() }), t.Null()]),
          startedAtMs: t.Integer(),
          dueAtMs: t.Union([t.Integer(), t.Null()]),
          traceId: t.String(),
        }),
      ),
    }),
    /** Takes up a stuck saga where it stopped. Nothing happens unless it is stuck. */
    cleaveRetrySaga: command({
      input: t.Object({ name: t.String(), id: t.String() }),
      output: t.Object({ retried: t.Boolean() }),
    }),
    /** What was given up, newest first. */
    cleaveDeadLetters: query({
      input: t.Object({ limit: t.Integer({ minimum: 1, maximum: 200 }) }),
      output: t.Array(
        t.Object({
          module: t.String(),
          id: t.Integer(),
          kind: t.String(),
          source: t.String(),
          name: t.String(),
          key: t.String(),
          error: t.String(),
          diedAtMs: t.Integer(),
        }),
      ),
    }),
    /**
     * Tries a dead letter again: an event is reacted to now, in this transaction; a job is
     * planned for now. It is gone afterwards. Nothing happens when it is gone already, or when the
     * same job was planned anew meanwhile: then the letter stays, and `reason` says so.
     */
    cleaveRedrive: command({
      input: t.Object({ id: t.Integer() }),
      output: t.Object({ redriven: t.Boolean(), reason: t.Optional(t.String()) }),
    }),
    /** Throws a dead letter away. Nothing happens when it is gone already. */
    cleaveDiscard: command({
      input: t.Object({ id: t.Integer() }),
      output: t.Object({ discarded: t.Boolean() }),
    }),
  });
}

/** What the operations need of their module. */
export interface OperationsHost {
  readonly name: string;
  readonly engine: SagaEngine;
  /** Reacts to a buried event again, in the open transaction. */
  reactTo(
    tx: Transaction,
    event: { readonly source: string; readonly name: string; readonly payload: string },
  ): void;
  /** Plans a buried job again, in the open transaction, unless a newer one is planned. */
  replan(
    tx: Transaction,
    job: { readonly name: string; readonly key: string; readonly payload: string },
  ): boolean;
}

/** What answers a module's operations. */
export function operationHandlers(hosted: OperationsHost): Handler[] {
  const operations = operationsOf(hosted.name);
  const { name: module, engine } = hosted;
  return [
    handler(operations.cleaveSagas, (by, { read }) =>
      listSagas(read, by).map(({ failure, ...saga }) => ({
        module,
        ...saga,
        failure: failure === null ? null : { step: failure.step, code: failure.code },
      })),
    ),
    handler(operations.cleaveRetrySaga, async ({ name, id }, { transaction }) => {
      const answer = await transaction((tx) => ({ retried: engine.release(tx, name, id) }));
      engine.takeUp(name, id);
      return answer;
    }),
    handler(operations.cleaveDeadLetters, ({ limit }, { read }) =>
      deadLetters(read, limit).map((letter) => ({ module, ...letter })),
    ),
    handler(operations.cleaveRedrive, ({ id }, { transaction }) =>
      transaction((tx) => {
        const letter = deadLetter(tx, id);
        if (letter === undefined) return { redriven: false };
        const { kind, source, name, key, payload } = letter;
        if (kind === "event") hosted.reactTo(tx, { source, name, payload });
        else if (!hosted.replan(tx, { name, key, payload })) {
          const reason =
            `The job ${name} of ${key} was planned anew since this one was given up, and is left ` +
            "as it is. Discard the dead letter, or redrive it when the newer one has run.";
          return { redriven: false, reason };
        }
        removeDeadLetter(tx, id);
        return { redriven: true };
      }),
    ),
    handler(operations.cleaveDiscard, ({ id }, { transaction }) =>
      transaction((tx) => {
        const known = deadLetter(tx, id) !== undefined;
        removeDeadLetter(tx, id);
        return { discarded: known };
      }),
    ),
  ];
}
