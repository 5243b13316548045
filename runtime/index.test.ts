import { expect, test } from "bun:test";
import { join } from "node:path";
import { nameOf, sourcesAmong } from "./sources.ts";

/** What a file exports, values and types apart, as its text says. */
function surfaceOf(path: string) {
  const [source] = sourcesAmong(join(import.meta.dir, ".."), [path]);
  const surface: Record<"types" | "values", string[]> = { types: [], values: [] };
  for (const statement of source?.program.body ?? []) {
    if (statement.type !== "ExportNamedDeclaration") continue;
    for (const one of statement.specifiers) {
      const isType = statement.exportKind === "type" || one.exportKind === "type";
      surface[isType ? "types" : "values"].push(nameOf(one.exported));
    }
  }
  return { types: surface.types.sort(), values: surface.values.sort() };
}

test("a module gets from #runtime these names and no others", () => {
  expect(surfaceOf("runtime/index.ts")).toMatchInlineSnapshot(`
    {
      "types": [
        "Call",
        "CallOptions",
        "Contract",
        "Identity",
        "InputOf",
        "Money",
        "OutputOf",
        "PayloadOf",
        "Read",
        "Role",
        "Static",
        "Synchronous",
        "Transaction",
        "World",
        "Write",
      ],
      "values": [
        "SagaRefusal",
        "add",
        "command",
        "commitsOf",
        "contract",
        "declareUses",
        "defineModule",
        "emailAddress",
        "event",
        "handler",
        "immutable",
        "isDeclared",
        "isDomainError",
        "isStaff",
        "isTransportError",
        "keyFault",
        "line",
        "money",
        "moneySchema",
        "parse",
        "port",
        "query",
        "ratio",
        "reaction",
        "readOrCreateKey",
        "reads",
        "saga",
        "spread",
        "subtract",
        "t",
        "times",
        "waitUntil",
        "writeDurably",
        "writes",
      ],
    }
  `);
});

test("a module's http.ts gets from #runtime/http these names and no others", () => {
  expect(surfaceOf("runtime/http.ts")).toMatchInlineSnapshot(`
    {
      "types": [
        "Edge",
      ],
      "values": [
        "Elysia",
        "httpSchema",
        "problem",
      ],
    }
  `);
});

test("a client gets from #runtime/client these names and no others", () => {
  expect(surfaceOf("runtime/client.ts")).toMatchInlineSnapshot(`
    {
      "types": [
        "ClientHeaders",
      ],
      "values": [
        "moduleClient",
      ],
    }
  `);
});

test("a test gets from #runtime/simulation these names and no others", () => {
  expect(surfaceOf("runtime/simulation/index.ts")).toMatchInlineSnapshot(`
    {
      "types": [
        "Actor",
        "Beyond",
        "Client",
        "Failure",
        "Fault",
        "FaultRates",
        "Invariant",
        "Outside",
        "Ports",
        "Report",
        "Rows",
        "Scenario",
        "Simulation",
        "Workload",
      ],
      "values": [
        "noFaults",
        "simulate",
      ],
    }
  `);
});

test("the values that #runtime names are there when it is loaded", async () => {
  const names = Object.keys(await import("./index.ts")).sort();
  expect(names).toEqual(surfaceOf("runtime/index.ts").values);
});
