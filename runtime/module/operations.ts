import { command, kernelContract, query } from "../contract/contract.ts";
import { t } from "../contract/schema.ts";
import type { SagaEngine } from "../saga/engine.ts";
import { listSagas } from "../saga/journal.ts";
import {
  type DeadLettersHost,
  deadLetterHandlers,
  deadLetterOperations,
} from "./dead-letter-operations.ts";
import { type Handler, handler } from "./handler.ts";
import { type ReadersHost, readerHandlers, readerOperations } from "./reader-operations.ts";

const Nullable = t.Union([t.String({ maxLength: 200 }), t.Null()]);

const known = new Map<string, ReturnType<typeof operationsFor>>();

/** The procedures that every module has beside its own, for those who run the system. */
export function operationsOf(module: string) {
  const operations = known.get(module) ?? operationsFor(module);
  known.set(module, operations);
  return operations;
}

function operationsFor(module: string) {
  return kernelContract(module, {
    /** Sagas by name, state and id, newest first. */
    cleaveSagas: query({
      ownerOnly: true,
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
        { maxItems: 200 },
      ),
    }),
    /** Takes up a stuck saga where it stopped. Nothing happens unless it is stuck. */
    cleaveRetrySaga: command({
      input: t.Object({ name: t.String(), id: t.String() }),
      output: t.Object({ retried: t.Boolean() }),
    }),
    ...deadLetterOperations,
    ...readerOperations,
  });
}

/** What the operations need of their module. */
export interface OperationsHost extends DeadLettersHost, ReadersHost {
  readonly engine: SagaEngine;
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
    ...deadLetterHandlers(hosted, operations),
    ...readerHandlers(hosted, operations),
  ];
}
