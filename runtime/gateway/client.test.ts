import { afterAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { checkedProcedure } from "../contract/check.ts";
import { contract, query } from "../contract/contract.ts";
import { anonymous } from "../contract/identity.ts";
import { t } from "../contract/schema.ts";
import { realEnvironment } from "../host/real-environment.ts";
import { type Edge, Elysia } from "../http.ts";
import { silent } from "../testing/silent-log.ts";
import { moduleClient } from "./client.ts";
import { gateway } from "./gateway.ts";

const Filter = t.Object({
  text: t.String(),
  whole: t.Integer(),
  share: t.Number(),
  is: t.Boolean(),
  texts: t.Array(t.String()),
  wholes: t.Array(t.Integer()),
  some: t.Optional(t.Array(t.String())),
  maybe: t.Optional(t.Boolean()),
  size: t.Union([t.Literal(1), t.Literal(2), t.Literal("many")]),
  price: t.Optional(t.Object({ amount: t.Integer(), currency: t.String() })),
});
const Place = t.Object({ name: t.String(), shelf: t.Integer() });
const echo = contract("echo", {
  filtered: query({ input: Filter, output: Filter }),
  placed: query({ input: Place, output: Place }),
});

const routes = (edge: Edge) =>
  new Elysia({ name: "echo" })
    .use(edge)
    .guard({ access: "public" })
    .get("/v1/filtered", ({ call, query }) => call(echo.filtered, query), {
      query: echo.filtered.input,
    })
    .get("/v1/places/:name/:shelf", ({ call, params }) => call(echo.placed, params), {
      params: echo.placed.input,
    })
    .get("/v1/places", () => "the list of places")
    .get("/v1/texts/:text", ({ params }) => params.text, { params: t.Object({ text: t.String() }) })
    .get(
      "/v1/streams/:text",
      async function* ({ params }) {
        yield params.text;
        yield params.text;
      },
      { params: t.Object({ text: t.String() }) },
    )
    .get("/v1/number", () => 12)
    .get("/v1/boolean", () => true)
    .get("/v1/null", () => null)
    .get("/v1/object", () => ({ text: "00123", date: "2026-01-01" }));

const server = gateway({
  routes: [routes],
  invoke: async (procedure, input) => {
    const { input: given, output } = checkedProcedure(procedure);
    return output.copy(given.copy(input));
  },
  authenticate: async () => anonymous,
  host: "127.0.0.1",
  port: 0,
  log: silent,
  environment: realEnvironment(),
  development: true,
  ready: () => true,
});
afterAll(() => server.stop(1_000));
const { v1 } = moduleClient<ReturnType<typeof routes>>(server.url, () => ({}));

/** Texts that look like something else, and those that mean something in addresses. */
const tricky = [
  "a/b",
  "a?b",
  "a#b",
  "a&b=c",
  "a%2Fb",
  "%",
  "%2e%2e",
  "...",
  "a,b",
  ",",
  "[a,b]",
  "[",
  '["a"]',
  "{}",
  '{"a":1}',
  "00123",
  "1",
  "-0",
  "1e3",
  "true",
  "null",
  "undefined",
  "2026-01-01",
  "a b",
  "a+b",
  " ",
  "ü",
  "日本",
  "🍵",
  "'",
  '"',
  "\\",
  ";",
  ":name",
  "*",
  "toString",
  "__proto__",
];
const text = fc.oneof(fc.constantFrom(...tricky), fc.string({ unit: "grapheme" }));
const whole = fc.maxSafeInteger();
const share = fc.double({ noNaN: true, noDefaultInfinity: true }).map((one) => one + 0);

const fitted = { text: "a", whole: 1, share: 1, is: true, texts: [], wholes: [], size: 1 } as const;
const runs = { numRuns: 200, seed: 17 };

describe("a typed client", () => {
  test("gives a query of a contract's own input as it is", async () => {
    const filter = fc.record(
      {
        text,
        whole,
        share,
        is: fc.boolean(),
        texts: fc.array(text, { maxLength: 4 }),
        wholes: fc.array(whole, { maxLength: 4 }),
        some: fc.array(text, { minLength: 1, maxLength: 4 }),
        maybe: fc.boolean(),
        size: fc.constantFrom(1 as const, 2 as const, "many" as const),
        price: fc.record({ amount: whole, currency: text }),
      },
      { requiredKeys: ["text", "whole", "share", "is", "texts", "wholes", "size"] },
    );
    await fc.assert(
      fc.asyncProperty(filter, async (query) => {
        const { data, error } = await v1.filtered.get({ query });
        expect(error?.value).toBeUndefined();
        expect(data).toEqual(query);
      }),
      runs,
    );
  });

  test("gives a path's parameters as they are, and reaches no other route", async () => {
    const segment = text.filter((one) => !["", ".", ".."].includes(one));
    await fc.assert(
      fc.asyncProperty(segment, whole, async (name, shelf) => {
        const { data, error } = await v1.places({ name })({ shelf }).get();
        expect(error?.value).toBeUndefined();
        expect(data).toEqual({ name, shelf });
      }),
      runs,
    );
  });

  test.each(["", ".", ".."])("refuses the parameter %j, which no address can hold", (name) => {
    expect(() => v1.places({ name })).toThrow(
      `The parameter name is "${name}", which no address can hold.`,
    );
  });

  test("refuses null in a query, which no address can hold", () => {
    const query = { ...fitted, size: null };
    // The types allow no null here; those of a contract with one would.
    expect(() => v1.filtered.get({ query: query as never })).toThrow(
      "The query's size is null, which no address can hold.",
    );
  });

  test("returns a text as it is, at once and in parts", async () => {
    const segment = text.filter((one) => !["", ".", ".."].includes(one));
    await fc.assert(
      fc.asyncProperty(segment, async (one) => {
        expect((await v1.texts({ text: one }).get()).data).toBe(one);
        let parts = "";
        for await (const part of (await v1.streams({ text: one }).get()).data ?? []) parts += part;
        expect(parts).toBe(one + one);
      }),
      { ...runs, numRuns: 60 },
    );
  });

  test("returns what is no text with its type", async () => {
    const answers = await Promise.all([v1.number.get(), v1.boolean.get(), v1.null.get()]);
    expect(answers.map(({ data }) => data)).toEqual([12, true, null]);
    expect((await v1.object.get()).data).toEqual({ text: "00123", date: "2026-01-01" });
  });
});

describe("a query or a path that does not fit its contract", () => {
  const whole = "text=a&whole=1&share=1&is=true&size=1";
  test.each([
    [whole.replace("whole=1", "whole=1.5"), "query.whole"],
    [whole.replace("whole=1", "whole="), "query.whole"],
    [whole.replace("whole=1", "whole=0x10"), "query.whole"],
    [whole.replace("whole=1", "whole=9007199254740993"), "query.whole"],
    [whole.replace("is=true", "is=yes"), "query.is"],
    [whole.replace("size=1", "size=3"), "query.size"],
    [`${whole}&wholes=1&wholes=a`, "query.wholes.1"],
  ])("%s is refused by name", async (query, field) => {
    const response = await fetch(`${server.url}/v1/filtered?${query}`);
    const { errors } = Object(await response.json());
    expect([response.status, errors.map((one: { field: string }) => one.field)]).toEqual([
      422,
      [field],
    ]);
  });

  test("a path that is no whole number is refused", async () => {
    expect((await fetch(`${server.url}/v1/places/a/b`)).status).toBe(422);
  });
});
