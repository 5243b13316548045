import { describe, expect, test } from "bun:test";
import { type TSchema, Type } from "@sinclair/typebox";
import type { AnyElysia } from "elysia";
import { t } from "../contract/schema.ts";
import { type Edge, Elysia, httpSchema } from "../http.ts";
import { gatewayOf } from "../testing/gateway-of.ts";
import { type Gateway, type Routes, routesOf } from "./gateway.ts";

const Item = t.Object({ lines: t.Array(t.String()) });
/** A schema as zod and valibot have it, by the standard that Elysia reads them by. */
const standard = {
  "~standard": { version: 1, vendor: "zod", validate: (value: unknown) => ({ value }) },
} as const;
const answer = () => "answer";
const open = { access: "public" } as const;
const prepared = (edge: Edge): AnyElysia => new Elysia().model({ Item }).use(edge).guard(open);

const parts = ["body", "query", "params", "headers", "cookie", "response"] as const;
/** A schema in every place where a route can get one from. */
const places = (part: (typeof parts)[number], schema: unknown) => {
  const one = { [part]: schema } as object;
  return {
    "the route": (edge) => prepared(edge).post("/v1/teas", answer, one),
    "a guard in front": (edge) => prepared(edge).guard(one).post("/v1/teas", answer),
    "a guard in a group": (edge) =>
      prepared(edge).group("/v1", (group) => group.guard(one).post("/teas", answer)),
    "a guard in front of plug-ins": (edge) =>
      prepared(edge)
        .use(new Elysia().guard({ ...one, as: "scoped" }))
        .post("/v1/teas", answer),
    "a nested plug-in": (edge) =>
      prepared(edge).use(new Elysia().use(prepared(edge).post("/v1/teas", answer, one))),
  } satisfies Record<string, Routes>;
};
const around = (part: (typeof parts)[number], schema: unknown) => {
  const one = { [part]: schema } as object;
  return {
    "a guard around": (edge) => prepared(edge).guard(one, (app) => app.post("/v1/teas", answer)),
    "a group around": (edge) =>
      prepared(edge).group("/v1", one, (app) => app.post("/teas", answer)),
    "a guard around a plug-in": (edge) =>
      prepared(edge).guard(one, (app) => app.use(new Elysia().post("/v1/teas", answer))),
    "a guard of its own": (edge) =>
      prepared(edge)
        .guard({ ...one, schema: "standalone" })
        .post("/v1/teas", answer),
    "a macro": (edge) =>
      prepared(edge)
        .macro({ shaped: one } as object)
        .post("/v1/teas", answer, { shaped: true } as object),
  } satisfies Record<string, Routes>;
};

function sentenceOf(routes: Routes): string {
  let served: Gateway;
  try {
    served = gatewayOf([routesOf("teas", routes)]);
  } catch (error) {
    return (error as Error).message;
  }
  void served.close();
  return "started";
}

const route = "The route POST /v1/teas of the module teas";

describe.each(parts)("a start is refused over the %s of a route", (part) => {
  test.each(Object.entries(places(part, "Item")))("that is a named model, by %s", (_by, routes) => {
    expect(sentenceOf(routes)).toBe(
      `${route} names the model "Item" as its ${part}; the gateway checks what it is given, not ` +
        `names. Give the schema itself, as in ${part}: schema.`,
    );
  });

  test.each(Object.entries(places(part, standard)))("that is of zod, by %s", (_by, routes) => {
    expect(sentenceOf(routes)).toBe(
      `${route} has a schema of zod as its ${part}, which the gateway cannot check before it is ` +
        "copied. Write it with t, or with httpSchema.",
    );
  });

  test.each(Object.entries(places(part, Item)))(
    "and not of one that is t's, by %s",
    (_by, routes) => {
      expect(sentenceOf(routes)).toBe("started");
    },
  );

  test.each([Item, "Item", standard].flatMap((schema) => Object.entries(around(part, schema))))(
    "that %s hides from the gateway",
    (_by, routes) => {
      expect(sentenceOf(routes)).toStartWith(
        `${route} has its ${part} checked by a guard or a group around it, which the gateway ` +
          `does not see. Declare ${part} with the route, or by .guard({ ${part} }) in front of it.`,
      );
    },
  );
});

describe.each([
  ["contains", (inner: TSchema) => Type.Array(Type.String(), { contains: inner })],
  ["not", (inner: TSchema) => Type.Not(inner)],
  ["additionalProperties", (inner: TSchema) => Type.Object({}, { additionalProperties: inner })],
  [
    "unevaluatedProperties",
    (inner: TSchema) => Type.Intersect([Item], { unevaluatedProperties: inner }),
  ],
])("a start is refused over what is within %s:", (_keyword, around) => {
  test.each([
    ["a model", Type.Ref("Item"), 'refers to the model "Item", and needs the schema itself,'],
    [
      "an inherited name",
      Type.Object({ toString: Type.String() }),
      "has a property toString, which every object has and which needs another name,",
    ],
  ])("%s", (_what, inner, mistake) => {
    const body = Type.Object({ inner: around(inner) });
    expect(sentenceOf((edge) => prepared(edge).post("/v1/teas", answer, { body }))).toBe(
      `${route} ${mistake} in its body.`,
    );
  });
});

test("a start is refused over models within a schema, and over one of a single status", () => {
  const models = Type.Module({ Item });
  const routes = (edge: Edge) =>
    prepared(edge)
      .post("/v1/teas", answer, {
        body: Type.Object({ items: Type.Array(Type.Ref("Item")) }),
        response: { 200: Item, 404: "Item" },
      })
      .put("/v1/teas", answer, { body: Type.Intersect([Type.Object({}), models.Import("Item")]) });
  expect(sentenceOf(routes).split("\n")).toEqual([
    `${route} refers to the model "Item", and needs the schema itself, in its body.`,
    `${route} names the model "Item" as its response; the gateway checks what it is given, not ` +
      "names. Give the schema itself, as in response: schema.",
    'The route PUT /v1/teas of the module teas refers to the model "Item", and needs the schema ' +
      "itself, in its body.",
  ]);
});

test.each(["query", "params", "headers"])("a start is refused over a %s without names", (part) => {
  const schema = t.Union([Item, t.Object({ name: t.String() })]);
  expect(sentenceOf((edge) => prepared(edge).post("/v1/teas", answer, { [part]: schema }))).toBe(
    `${route} has a schema of the kind Union as its ${part}, which does not say what each name ` +
      "stands for. Make it one t.Object.",
  );
});

const inherited = Object.getOwnPropertyNames(Object.prototype);

test.each(inherited)("a start is refused over a property %s, at any depth", (name) => {
  const one = httpSchema.Object({ [name]: httpSchema.Optional(httpSchema.Literal(1)) });
  const nested = t.Object({ lists: t.Array(t.Union([t.Null(), one])) });
  for (const part of parts) {
    const schema = part === "body" || part === "response" ? nested : one;
    const routes = (edge: Edge) => prepared(edge).post("/v1/teas", answer, { [part]: schema });
    expect(sentenceOf(routes)).toBe(
      `${route} has a property ${name}, which every object has and which needs another name, in ` +
        `its ${part}.`,
    );
  }
});
