import { afterAll, expect, test } from "bun:test";
import fc from "fast-check";
import { t } from "../contract/schema.ts";
import { type Edge, Elysia, httpSchema } from "../http.ts";
import { gatewayOf } from "../testing/gateway-of.ts";

const Page = t.Object({
  limit: t.Optional(t.Integer()),
  after: t.Optional(t.String()),
  open: t.Optional(t.Boolean()),
  order: t.Optional(t.Union([t.Literal("up"), t.Literal("down")])),
  grams: t.Optional(httpSchema.Numeric()),
  ids: t.Optional(t.Array(t.String())),
  either: t.Optional(t.Union([t.String(), t.Array(t.String())])),
});
const Texts = t.Object({ after: t.Optional(t.String()) });

const routes = (edge: Edge) =>
  new Elysia({ name: "teas" })
    .use(edge)
    .guard({ access: "public" })
    .get("/v1/teas", ({ query }) => query, { query: Page })
    .get("/v1/texts", ({ query }) => query, { query: Texts })
    .post("/v1/teas", ({ query }) => query, { query: Page })
    .get("/v1/teas/:name", ({ query }) => query, { query: Page })
    .get("/v1/admin/teas", ({ query }) => query, { query: Page, access: ["staff"] })
    .guard({ query: Page })
    .get("/v1/guarded", ({ query }) => query)
    .group("/v1/grouped", (group) =>
      group.guard({ query: Page }).use(new Elysia().get("/teas", () => "teas", { query: Page })),
    );

const server = gatewayOf([routes]);
afterAll(() => server.stop(100));

async function ask(path: string, method = "GET") {
  const response = await fetch(`${server.url}${path}`, { method });
  const answer: Record<string, unknown> = JSON.parse(await response.text());
  return { status: response.status, answer };
}

const once = (name: string) => ({
  field: `query.${name}`,
  message: "Expected one value, not several.",
});

test.each([
  ["limit", "limit=1&limit=2"],
  ["limit", "limit=1&limit=1"],
  ["limit", "limit=1&after=x&limit=2"],
  ["limit", "limit=1&%6Cimit=2"],
  ["limit", "ids=a&ids=b&limit=1&limit=2"],
  ["limit", "other=1&other=2&limit=1&limit=2&"],
  ["after", "after=&after=x"],
  ["after", "after&after"],
  ["open", "open=true&open=false"],
  ["order", "order=up&order=down"],
  ["grams", "grams=1&grams=2"],
])(
  "the parameter %s, which is no list, is refused when it stands twice: %s",
  async (name, query) => {
    for (const path of ["teas", "teas/green", "teas/a&b", "guarded", "grouped/teas"]) {
      const { status, answer } = await ask(`/v1/${path}?${query}`);
      expect([path, status, answer["errors"]]).toEqual([path, 422, [once(name)]]);
    }
    expect((await ask(`/v1/teas?${query}`, "POST")).status).toBe(422);
  },
);

test("all that stand twice are named, also where all are texts", async () => {
  const { answer } = await ask("/v1/teas?limit=1&after=a&limit=2&after=b&open=true");
  expect(answer["errors"]).toEqual([once("limit"), once("after")]);
  expect((await ask("/v1/texts?after=a&after=b")).answer["errors"]).toEqual([once("after")]);
});

test.each([
  ["ids=a&ids=b,c", { ids: ["a", "b,c"] }],
  ["either=a&either=b", { either: ["a", "b"] }],
  ["limit=1&other=1&other=2", { limit: 1 }],
  ["&&limit=1&&after=x&", { limit: 1, after: "x" }],
  ["after=a%26after=b", { after: "a&after=b" }],
  ["after=limit=1", { after: "limit=1" }],
])("what may stand twice, or only looks like it, is taken: %s", async (query, answer) => {
  expect(await ask(`/v1/teas?${query}`)).toMatchObject({ status: 200, answer });
});

test("a query behind a path with an & keeps its first parameter", async () => {
  expect((await ask("/v1/teas/a&b?limit=1&after=x")).answer).toEqual({ limit: 1, after: "x" });
  expect((await ask("/v1/teas/a&b?limit=x")).answer["errors"]).toMatchObject([
    { field: "query.limit" },
  ]);
});

test("a stranger is not told what a query should be", async () => {
  expect((await ask("/v1/admin/teas?limit=1&limit=2")).status).toBe(401);
});

test("a query is refused exactly when one of its single parameters stands twice", async () => {
  const name = fc.constantFrom("after", "ids", "stray", "a%66ter");
  const pairs = fc.array(fc.tuple(name, fc.constantFrom("", "=", "=x", "=a%20b", "=1=2")), {
    maxLength: 5,
  });
  await fc.assert(
    fc.asyncProperty(pairs, fc.constantFrom("teas", "teas/a&b"), async (pairs, path) => {
      const query = pairs.map((pair) => pair.join("")).join("&");
      const repeated = pairs.filter(([one]) => decodeURIComponent(one) === "after").length > 1;
      expect((await ask(`/v1/${path}?${query}`)).status).toBe(repeated ? 422 : 200);
    }),
    { numRuns: 200, seed: 7 },
  );
});
