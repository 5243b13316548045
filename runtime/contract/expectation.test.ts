import { expect, test } from "bun:test";
import { expectation } from "./expectation.ts";
import { t } from "./schema.ts";
import { emailAddress, line } from "./text.ts";

test.each([
  [t.Integer({ minimum: 1, maximum: 100 }), "a whole number from 1 to 100"],
  [t.Number({ minimum: 0 }), "a number of at least 0"],
  [t.Boolean(), "true or false"],
  [t.String({ minLength: 1 }), "a text that is not empty"],
  [t.String({ minLength: 8, maxLength: 128 }), "a text of 8 to 128 characters"],
  [t.String({ maxLength: 1 }), "a text of at most 1 character"],
  [t.String({ pattern: "^[a-z]{1}$" }), "1 character out of a-z"],
  [t.String({ pattern: "^a+$" }), "a text of the form ^a+$"],
  [t.String({ pattern: "^a+$", description: "some of the letter a" }), "some of the letter a"],
  [t.String({ pattern: "^[A-Z]{2}$" }), "2 characters out of A-Z"],
  [t.String({ pattern: "^[A-Z0-9-]{1,40}$" }), "1 to 40 characters out of A-Z0-9-"],
  [t.String({ pattern: "^[^,]{1,40}$" }), "a text of the form ^[^,]{1,40}$"],
  [emailAddress({ maxLength: 320 }), "an e-mail address"],
  [line(), "one line"],
  [line({ minLength: 1, maxLength: 120 }), "one line of 1 to 120 characters"],
  [t.Array(t.String(), { minItems: 1, maxItems: 50 }), "a list of 1 to 50"],
  [t.Literal("price"), "price"],
  [t.Union([t.Literal("price"), t.Literal("name"), t.Literal(3)]), "one of price, name, 3"],
  [t.Union([t.Object({}), t.Null()]), "an object or null"],
  [t.Union([t.String(), t.String({ pattern: "^a$", description: "a text" })]), "a text"],
])("of a schema in words: %j", (schema, words) => {
  expect(expectation(schema)).toBe(words);
});
