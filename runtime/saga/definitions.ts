import { kernelStatements, type Read, type Write } from "../store/connection.ts";
import { liveVersions } from "./due-sagas.ts";
import type { Saga } from "./saga.ts";

const statements = kernelStatements((sqlite) => ({
  get: sqlite.prepare<[string, number], { steps: string }>(
    "SELECT steps FROM cleave_saga_definition WHERE name = ? AND version = ?",
  ),
  put: sqlite.prepare<[string, number, string]>(
    `INSERT INTO cleave_saga_definition VALUES (?, ?, ?)
     ON CONFLICT (name, version) DO UPDATE SET steps = excluded.steps`,
  ),
}));

/**
 * Why sagas that are under way cannot go on with these definitions, a sentence each: the definition
 * of their version is gone, or has other steps than when they began. A version of which no steps
 * are recorded, as by an older program, passes.
 */
export function definitionMistakes(on: Read, sagas: readonly Saga[]): string[] {
  return liveVersions(on).flatMap(({ name, version }) => {
    const saga = sagas.find((one) => one.name === name && one.version === version);
    if (saga === undefined) {
      return [
        `A saga ${name} of version ${version} is under way, but the module has no definition of ` +
          "it. Keep that version in the module's sagas until none is left.",
      ];
    }
    const now = stepsOf(saga);
    const recorded = statements(on).get.get(name, version)?.steps ?? now;
    if (recorded === now) return [];
    return [
      `A saga ${name} of version ${version} is under way that began with other steps than ` +
        `version ${version} has now: ${difference(recorded.split("\n"), now.split("\n"))}. ` +
        `Restore the steps of version ${version}, add the edited ones as version ${version + 1}, ` +
        "and keep both in the module's sagas until none of the older is left.",
    ];
  });
}

/** The definitions whose steps are not recorded as they are. */
export function unrecorded(on: Read, sagas: readonly Saga[]): readonly Saga[] {
  return sagas.filter(
    (saga) => statements(on).get.get(saga.name, saga.version)?.steps !== stepsOf(saga),
  );
}

/** Records the steps of definitions, with which sagas begin from now on. */
export function recordDefinitions(tx: Write, sagas: readonly Saga[]): void {
  for (const saga of sagas) statements(tx).put.run(saga.name, saga.version, stepsOf(saga));
}

/** The steps by kind and name, in their order, as in `run hold-stock`. */
function stepsOf({ steps }: Saga): string {
  return steps.map(({ kind, name }) => `${kind} ${name}`).join("\n");
}

function difference(began: readonly string[], now: readonly string[]): string {
  const gone = began.filter((step) => !now.includes(step));
  const added = now.filter((step) => !began.includes(step));
  const parts = [
    ...(gone.length > 0 ? [`"${gone.join('", "')}" is gone`] : []),
    ...(added.length > 0 ? [`"${added.join('", "')}" is new`] : []),
  ];
  if (parts.length > 0) return parts.join(", and ");
  return `the order was "${began.join('", "')}" and is "${now.join('", "')}"`;
}
