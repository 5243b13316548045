import { expect, test } from "bun:test";
import { modules } from "../modules/index.ts";

/** How fields are called that open something, or are to be known to one person only. */
const SECRET = /token|secret|password|passphrase|credential|cookie|signature|apikey|card/i;

/**
 * Fields of events that are secrets, by module, event and path. An event lies in a stream that its
 * consumers read, in part or as a whole, and in backups: add none.
 */
const KNOWN = new Set(["orders.orderConfirmed.orderToken"]);

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

test("no event of the shop carries a secret", () => {
  const fields = modules.flatMap(({ contract }) =>
    Object.values(contract).flatMap((one) =>
      one.kind === "event" ? fieldsOf(one.payload, `${one.module}.${one.name}`) : [],
    ),
  );
  expect(fields).toContain("orders.orderPlaced.total");
  const secrets = fields.filter((field) => SECRET.test(field.slice(field.lastIndexOf(".") + 1)));
  expect(secrets.filter((field) => !KNOWN.has(field))).toEqual([]);
});

test("a secret is found wherever it is in an event", () => {
  const nested = { properties: { lines: { items: { properties: { cardToken: {} } } } } };
  const optional = { anyOf: [{ properties: { password: {} } }] };
  expect(fieldsOf(nested, "a.b")).toEqual(["a.b.lines", "a.b.lines.cardToken"]);
  expect(fieldsOf(optional, "a.b")).toEqual(["a.b.password"]);
});
