import { Elysia } from "elysia";
import { type Contract, moduleName } from "../contract/contract.ts";
import { t } from "../contract/schema.ts";
import { operationsOf } from "../module/operations.ts";
import type { Edge } from "./edge.ts";
import { HttpProblem } from "./http-problem.ts";

const Text = t.String({ minLength: 1, maxLength: 200 });
const sagasMax = 100;

/** What staff see and do of the runtime itself: sagas and dead letters, over all modules. */
export function operationRoutes(contracts: readonly Contract[]) {
  const operations = new Map(
    contracts.map((contract) => [contract[moduleName], operationsOf(contract[moduleName])]),
  );
  const of = (module: string) => {
    const found = operations.get(module);
    if (found !== undefined) return found;
    throw new HttpProblem(
      { status: 404, code: "module_not_found" },
      `There is no module ${module}. There are ${[...operations.keys()].join(", ")}.`,
    );
  };
  return (edge: Edge) =>
    new Elysia({ name: "operations" })
      .use(edge)
      .get(
        "/v1/admin/sagas",
        async ({ call, query, requireRole }) => {
          requireRole("staff", "admin");
          const { module, name = null, state = null, id = null } = query;
          const asked = module === undefined ? [...operations.values()] : [of(module)];
          const by = { name, state, id, limit: sagasMax };
          const found = await Promise.all(asked.map((one) => call(one.cleaveSagas, by)));
          return found.flat().sort((one, other) => other.startedAtMs - one.startedAtMs);
        },
        {
          query: t.Object({
            module: t.Optional(Text),
            name: t.Optional(Text),
            state: t.Optional(Text),
            id: t.Optional(Text),
          }),
        },
      )
      .post(
        "/v1/admin/sagas/:module/:name/:id/retry",
        ({ call, params: { module, name, id }, requireRole }) => {
          requireRole("staff", "admin");
          return call(of(module).cleaveRetrySaga, { name, id });
        },
        { params: t.Object({ module: Text, name: Text, id: Text }) },
      )
      .get("/v1/admin/dead-letters", async ({ call, requireRole }) => {
        requireRole("staff", "admin");
        const all = [...operations.values()];
        const found = await Promise.all(
          all.map((one) => call(one.cleaveDeadLetters, { limit: sagasMax })),
        );
        return found.flat().sort((one, other) => other.diedAtMs - one.diedAtMs);
      })
      .post(
        "/v1/admin/dead-letters/:module/:letter/redrive",
        ({ call, params, requireRole }) => {
          requireRole("admin");
          return call(of(params.module).cleaveRedrive, { id: Number(params.letter) });
        },
        { params: t.Object({ module: Text, letter: t.String({ pattern: "^[0-9]{1,15}$" }) }) },
      )
      .post(
        "/v1/admin/dead-letters/:module/:letter/discard",
        ({ call, params, requireRole }) => {
          requireRole("admin");
          return call(of(params.module).cleaveDiscard, { id: Number(params.letter) });
        },
        { params: t.Object({ module: Text, letter: t.String({ pattern: "^[0-9]{1,15}$" }) }) },
      );
}
