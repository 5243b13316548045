import {
  command,
  contract,
  declareUses,
  defineModule,
  event,
  handler,
  query,
  type Transaction,
  t,
} from "../../index.ts";
import type { Saga } from "../../saga/saga.ts";
import { errands } from "./errands.ts";

/** A module that has errands run by sagas, which each test defines. */
export const boss = contract("boss", {
  /** Starts the saga. Repeating it with the same id changes nothing. */
  begin: command({ input: t.Object({ id: t.String() }), output: t.Object({}) }),
  /** Waits until the saga is settled. */
  wait: query({
    ownerOnly: true,
    input: t.Object({ id: t.String(), withinMs: t.Integer() }),
    output: t.Object({}),
  }),
  /** Wakes the saga. */
  nudge: command({ input: t.Object({ id: t.String() }), output: t.Object({}) }),
  ended: event(1, t.Object({ id: t.String(), outcome: t.String(), why: t.String() })),
});

export const BossInput = t.Object({ id: t.String() });

const { uses, saga } = declareUses([errands.run, errands.undo, errands.ledger]);
/** Begins a saga of the boss, which has errands run. */
export const bossSaga = saga;
export type BossSaga = Saga<{ id: string }, (typeof uses)[number]>;

/** Publishes how a saga ended. */
export function publishEnd(
  tx: Transaction,
  end: { id: string; outcome: string; failure: { step: string; code: string } | null },
): void {
  const { id, outcome, failure } = end;
  const why = failure === null ? "" : `${failure.step}: ${failure.code}`;
  tx.emit(boss.ended, { id, outcome, why });
}

/** The boss, wired with sagas; the first is the one that `begin` starts. */
export function bossModule(...sagas: readonly [BossSaga, ...BossSaga[]]) {
  const [current] = sagas;
  return defineModule({
    contract: boss,
    uses,
    migrations: [],
    sagas,
    handlers: {
      begin: handler(boss.begin, ({ id }, { transaction }) =>
        transaction((tx) => {
          tx.start(current, id, { id });
          return {};
        }),
      ),
      wait: handler(boss.wait, async ({ id, withinMs }, { settled }) => {
        await settled(current, id, withinMs);
        return {};
      }),
      nudge: handler(boss.nudge, ({ id }, { transaction }) =>
        transaction((tx) => {
          tx.wake(current, id);
          return {};
        }),
      ),
    },
  });
}
