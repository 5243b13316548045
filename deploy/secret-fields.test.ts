import { expect, test } from "bun:test";
import { modules } from "../modules/index.ts";
import { fullName } from "../runtime/contract/contract.ts";

/** How fields are called that open something, or are to be known to one person only. */
const SECRET = /token|secret|password|passphrase|credential|cookie|signature|apikey|card/i;

/**
 * Commands that answer with secrets. The answer to a call with a key is kept in a row: each of
 * these is called by one route, without a key. Add none: a query can answer with the secret.
 */
const UNKEYED = new Set(["orders.createCart", "users.logIn", "users.refreshSession"]);

/** The paths of all fields in a schema. */
function fieldsOf(schema: unknown, path = ""): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]: [string, unknown]) => {
    if (key !== "properties" || typeof value !== "object" || value === null) {
      return fieldsOf(value, path);
    }
    return Object.entries(value).flatMap(([name, field]) => {
      const own = `${path}.${name}`;
      return [own, ...fieldsOf(field, own)];
    });
  });
}

function isSecret(field: string): boolean {
  return SECRET.test(field.slice(field.lastIndexOf(".") + 1));
}

const declared = modules.flatMap(({ contract }) => Object.values(contract));

// An event lies in a stream that its consumers read, in part or as a whole, and in backups.
test("no event of the shop carries a secret", () => {
  const fields = declared.flatMap((one) =>
    one.kind === "event" ? fieldsOf(one.payload, fullName(one)) : [],
  );
  expect(fields).toContain("orders.orderPlaced.total");
  expect(fields.filter(isSecret)).toEqual([]);
});

test("no command answers with a secret, but those that are called without a key", () => {
  const fields = declared.flatMap((one) =>
    one.kind === "command" && !UNKEYED.has(fullName(one))
      ? fieldsOf(one.output, fullName(one))
      : [],
  );
  expect(fields).toContain("orders.startCheckout.total");
  expect(fields.filter(isSecret)).toEqual([]);
});

test("a secret is found wherever it is in a schema", () => {
  const nested = { properties: { lines: { items: { properties: { cardToken: {} } } } } };
  const optional = { anyOf: [{ properties: { password: {} } }] };
  expect(fieldsOf(nested, "a.b")).toEqual(["a.b.lines", "a.b.lines.cardToken"]);
  expect(fieldsOf(optional, "a.b")).toEqual(["a.b.password"]);
});
