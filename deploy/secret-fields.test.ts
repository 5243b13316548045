import { expect, test } from "bun:test";
import { join } from "node:path";
import { modules } from "../modules/index.ts";
import { fullName } from "../runtime/contract/contract.ts";
import {
  filesUnder,
  isTestFile,
  parseSource,
  type Source,
  sourcesAmong,
  walk,
} from "../runtime/sources.ts";

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

test("each command that is called without a key answers with a secret", () => {
  const answering = declared.filter(
    (one) => one.kind === "command" && fieldsOf(one.output, fullName(one)).some(isSecret),
  );
  expect(new Set(answering.map(fullName))).toEqual(UNKEYED);
});

/** The calls of one of those commands, without that of the function that makes its handler. */
function callsOfUnkeyed({ path, program, text }: Source): string[] {
  const found: string[] = [];
  walk(program, (node) => {
    if (node.type !== "CallExpression") return;
    const [called, , ...options] = node.arguments;
    const name = called === undefined ? "" : text.slice(called.start, called.end);
    const callee = text.slice(node.callee.start, node.callee.end);
    if (!UNKEYED.has(name) || callee === "handler") return;
    found.push(`${path} ${callee} ${name}${options.length > 0 ? " with options" : ""}`);
  });
  return found;
}

test("each of those is called by one route, without a key", () => {
  const root = join(import.meta.dir, "..");
  const paths = filesUnder(root).filter((path) => /^(modules|deploy)\//.test(path));
  const sources = sourcesAmong(
    root,
    paths.filter((path) => !isTestFile(path)),
  );
  expect(sources.flatMap(callsOfUnkeyed)).toEqual([
    "modules/orders/http/carts.ts call orders.createCart",
    "modules/users/http.ts call users.logIn",
    "modules/users/http.ts call users.refreshSession",
  ]);
});

test("a key that such a command is called with is seen", () => {
  const text = "call(users.logIn, body, { key }); handler(users.logIn, work);";
  expect(callsOfUnkeyed(parseSource("http.ts", text))).toEqual([
    "http.ts call users.logIn with options",
  ]);
});

test("a secret is found wherever it is in a schema", () => {
  const nested = { properties: { lines: { items: { properties: { cardToken: {} } } } } };
  const optional = { anyOf: [{ properties: { password: {} } }] };
  expect(fieldsOf(nested, "a.b")).toEqual(["a.b.lines", "a.b.lines.cardToken"]);
  expect(fieldsOf(optional, "a.b")).toEqual(["a.b.password"]);
});
