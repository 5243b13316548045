import { Elysia } from "elysia";
import { type Contract, moduleName } from "../contract/contract.ts";
import { t } from "../contract/schema.ts";
import { operationsOf } from "../module/operations.ts";
import { consumerRoutes, deadLetterRoutes, type Offered } from "./dead-letter-routes.ts";
import type { Edge } from "./edge.ts";
import { HttpProblem } from "./http-problem.ts";

const Text = t.String({ minLength: 1, maxLength: 200 });
const pageMax = 100;

/** What staff see and do of the runtime itself, over all modules: sagas, and what stands still. */
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
  const all = () => [...operations.values()];
  const offered = { of, all };
  return (edge: Edge) =>
    new Elysia({ name: "gateway" })
      .use(deadLetterRoutes(offered, edge))
      .use(consumerRoutes(offered, edge))
      .use(sagaRoutes(offered, edge));
}

/** Sagas of all modules, or of one. */
function sagaRoutes({ of, all }: Offered, edge: Edge) {
  return new Elysia({ name: "saga operations" })
    .use(edge)
    .guard({ access: ["staff", "admin"] })
    .get(
      "/v1/admin/sagas",
      async ({ call, query }) => {
        const { module, name = null, state = null, id = null } = query;
        const asked = module === undefined ? all() : [of(module)];
        const by = { name, state, id, limit: pageMax };
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
      ({ call, params: { module, name, id } }) => call(of(module).cleaveRetrySaga, { name, id }),
      { params: t.Object({ module: Text, name: Text, id: Text }) },
    );
}
