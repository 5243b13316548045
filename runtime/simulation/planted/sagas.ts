import type { PlantedBug } from "../plant.ts";

/** Bugs in how sagas go on, turn back and are taken up. */
export const sagaBugs: readonly PlantedBug[] = [
  {
    name: "the pivot and its journal are two transactions",
    why: "A saga that is killed between them passes its point of no return twice.",
    file: "runtime/saga/drive.ts",
    find: `    synchronous(result, pivotName(driver.saga.name, step.name));
    updateSaga(tx, next, tx.now);
  });`,
    replace: `    synchronous(result, pivotName(driver.saga.name, step.name));
  });
  await driver.transact((tx) => updateSaga(tx, next, tx.now));`,
    says: /is stuck/,
    faults: { kill: 0.03 },
  },
  {
    name: "a pivot of which nothing is known is done again",
    why: "A commit that was reported as failed may have lasted.",
    file: "runtime/saga/drive.ts",
    find: 'if (step.kind === "pivot" && error.executed === "unknown") throw error;',
    replace: "",
    says: /is stuck/,
    faults: { "commit-unknown": 0.05 },
  },
  {
    name: "a pivot is not over when its transaction ends",
    why: "An asynchronous pivot is let through: the saga goes on, and what it decided is lost.",
    file: "runtime/saga/drive.ts",
    find: `    const result = step.commit(tx, { id, input: input as never, done: done as never });
    synchronous(result, pivotName(driver.saga.name, step.name));`,
    replace: `    const later = async () => {
      await undefined;
      step.commit(tx, { id, input: input as never, done: done as never });
    };
    later().catch(() => {});`,
    says: /is stuck|the books agree|has not ended|not at rest/,
  },
  {
    name: "waiting sagas are not taken up",
    why: "A saga that waits goes on neither when it is woken nor when it is due.",
    file: "runtime/saga/engine.ts",
    find: "    else this.#activate(record, true);",
    replace: '    else if (record.state !== "waiting") this.#activate(record, true);',
    says: /still waits|has not ended/,
    faults: { "kill-any": 0.01 },
  },
  {
    name: "no timer looks at the clock before it ends",
    why: "What is due by a clock that was set forward is done as late as the clock was set.",
    file: "runtime/resilience/clock-timer.ts",
    find: "Math.min(Math.max(leftMs, 0), lookEveryMs)",
    replace: "Math.max(leftMs, 0)",
    says: /^For more than 5 minutes in which no fault happened .*(still waits|is due)/m,
    faults: { "clock-set": 0.002 },
  },
  {
    name: "a wake-up is in memory alone",
    why: "A saga that is woken while its step runs waits on when the process is killed.",
    file: "runtime/saga/engine.ts",
    find: "    if (active === undefined) this.takeUp(name, id);\n    else active",
    replace: "    if (active !== undefined) active",
    says: /still waits|has not ended|not at rest/,
  },
  {
    name: "what cannot be undone at once is left as it is",
    why: "A compensation that fails once is passed over.",
    file: "runtime/saga/drive.ts",
    find: `      record.attempts += 1;
      const { attempts } = record;
      const about = { saga: record.name, id: record.id, step: step.name, attempts };`,
    replace: `      record.attempts += 1;
      record.step -= 1;
      const { attempts } = record;
      const about = { saga: record.name, id: record.id, step: step.name, attempts };`,
    says: /the books agree/,
    faults: { "disk-busy": 0.1 },
  },
];
