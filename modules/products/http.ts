import { t } from "#runtime";
import { type Edge, Elysia, httpSchema, problem } from "#runtime/http";
import { products } from "./contract.ts";
import { optionsOf } from "./domain/product.ts";

const { q, category, sort, cursor } = products.searchProducts.input.properties;
const { productId } = products.productById.input.properties;
const { variantId, price, compareAt } = products.setPrice.input.properties;
const amount = { minimum: 0, maximum: price.properties.amount.maximum ?? 0 };
const Identified = t.Object({ id: productId });
const Product = products.productById.output;

const Search = httpSchema.Object({
  q,
  category,
  /**
   * An option that one variant must have, as `name:value`; repeated for several. `optionsOf` checks
   * them: what does not fit inside a list in an address would be a defect to Elysia.
   */
  option: httpSchema.Optional(
    httpSchema.Union([httpSchema.String(), httpSchema.Array(httpSchema.String())]),
  ),
  priceMin: httpSchema.Optional(httpSchema.Numeric({ ...amount, multipleOf: 1 })),
  priceMax: httpSchema.Optional(httpSchema.Numeric({ ...amount, multipleOf: 1 })),
  inStock: httpSchema.Optional(httpSchema.BooleanString()),
  sort,
  cursor,
  limit: httpSchema.Optional(httpSchema.Numeric({ minimum: 1, maximum: 100, multipleOf: 1 })),
  facets: httpSchema.Optional(httpSchema.BooleanString()),
});

/** The catalogue and the search for everybody, and its upkeep for staff. */
export function http(edge: Edge) {
  return new Elysia({ name: "products" }).use(browsing(edge)).use(upkeep(edge));
}

/** Without response schemas: the kernel has checked the answers, and these routes are hot. */
function browsing(edge: Edge) {
  return new Elysia({ name: "products-browsing" })
    .use(edge)
    .guard({ access: "public" })
    .get(
      "/v1/products",
      ({ forward, request, query: { option, ...query } }) =>
        forward(products.searchProducts, {
          ...query,
          ...(option !== undefined && { options: optionsIn(request) }),
        }),
      { query: Search },
    )
    .get("/v1/products/:slug", ({ forward, params }) => forward(products.productBySlug, params), {
      params: products.productBySlug.input,
    })
    .get("/v1/categories", ({ forward }) => forward(products.categories, {}));
}

function upkeep(edge: Edge) {
  return new Elysia({ name: "products-upkeep" })
    .use(edge)
    .guard({ access: ["staff", "admin"] })
    .get(
      "/v1/admin/products/:id",
      ({ call, params }) => call(products.productById, { productId: params.id }),
      { params: Identified, response: Product },
    )
    .post("/v1/admin/catalogue", ({ call, body }) => call(products.importCatalogue, body), {
      body: products.importCatalogue.input,
      response: products.importCatalogue.output,
    })
    .post(
      "/v1/admin/products",
      async ({ call, body, idempotencyKey, status }) =>
        status(201, await call(products.createProduct, body, keyed(idempotencyKey))),
      { body: products.createProduct.input, response: { 201: Product } },
    )
    .post(
      "/v1/admin/products/:id/variants",
      async ({ call, params, body, idempotencyKey, status }) => {
        const variant = { ...body, productId: params.id };
        return status(201, await call(products.createVariant, variant, keyed(idempotencyKey)));
      },
      {
        params: Identified,
        body: t.Omit(products.createVariant.input, ["productId"]),
        response: { 201: Product },
      },
    )
    .post(
      "/v1/admin/products/:id/publish",
      ({ call, params }) => call(products.publishProduct, { productId: params.id }),
      { params: Identified, response: Product },
    )
    .post(
      "/v1/admin/products/:id/archive",
      ({ call, params }) => call(products.archiveProduct, { productId: params.id }),
      { params: Identified, response: Product },
    )
    .put(
      "/v1/admin/variants/:id/price",
      ({ call, params, body }) => call(products.setPrice, { ...body, variantId: params.id }),
      {
        params: t.Object({ id: variantId }),
        body: t.Object({ price, compareAt }),
        response: Product,
      },
    );
}

/** Read from the address itself, because a parsed list would come apart at the commas of values. */
function optionsIn(request: Request): { [name: string]: string } {
  const options = optionsOf(new URL(request.url).searchParams.getAll("option"));
  if (options !== undefined) return options;
  throw problem(422, "option_invalid", "Write each option as option=name:value, at most ten.");
}

function keyed(idempotencyKey: string | undefined): { key?: string } {
  return idempotencyKey === undefined ? {} : { key: idempotencyKey };
}

/** The type of the routes of products, for their client. */
export type ProductsHttp = ReturnType<typeof http>;
