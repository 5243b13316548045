import { inventory } from "#modules/inventory";
import { t } from "#runtime";
import { type Edge, Elysia } from "#runtime/http";

const Variant = t.Object({ variantId: inventory.stockOf.input.properties.variantId });
const { delta, reason } = inventory.adjustStock.input.properties;

/** The public availability, and the shelves for staff. */
export function http(edge: Edge) {
  return new Elysia({ name: "inventory" })
    .use(edge)
    .get(
      "/v1/availability",
      ({ call, query }) =>
        call(inventory.availabilityOf, { variantIds: query.variantIds.split(",") }),
      {
        access: "public",
        query: t.Object({
          variantIds: t.String({
            description: "1 to 50 ids with commas between them",
            pattern: "^[^,]{1,80}(,[^,]{1,80}){0,49}$",
          }),
        }),
      },
    )
    .get("/v1/admin/inventory/:variantId", ({ call, params }) => call(inventory.stockOf, params), {
      access: ["staff", "admin"],
      params: Variant,
    })
    .post(
      "/v1/admin/inventory/:variantId/adjustments",
      ({ call, params, body, requireKey, ownKey }) => {
        const key = requireKey();
        return call(inventory.adjustStock, { ...params, ...body, ref: ownKey(key) }, { key });
      },
      {
        access: ["staff", "admin"],
        params: Variant,
        body: t.Object({ delta, reason }),
      },
    );
}

/** The type of inventory's routes, for its client. */
export type InventoryHttp = ReturnType<typeof http>;
