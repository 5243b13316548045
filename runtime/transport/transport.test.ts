import { expect, test } from "bun:test";
import { realEnvironment } from "../host/real-environment.ts";
import { encoded } from "./encoded.ts";
import { inProcess } from "./in-process.ts";
import { transportSuite } from "./transport.suite.ts";
import { fromWire, toWire, type WireError } from "./wire-error.ts";

const { after } = realEnvironment();
const open = () => inProcess({ after: (_delayMs, work) => after(1, work) });

transportSuite("in process", { open });
transportSuite("in process, encoded", { open: () => encoded(open()) });

test("a thrown value that is no error crosses a wire as a defect that quotes it", () => {
  expect(fromWire(toWire("hm"))).toMatchObject({ name: "Defect", message: "hm" });
});

const relayed = { isRelayed: true } as const;
test.each([
  ["relayed", relayed, "neither"],
  ["its own", {}, "callee"],
])("an error of an older callee, %s, keeps whose fault it is", (_whose, marks, fault) => {
  const code = { kind: "transport", code: "UNREACHABLE", executed: "unknown" } as const;
  const older: WireError = { ...code, message: "The attic is away.", ...marks };
  expect(fromWire(JSON.parse(JSON.stringify(older)))).toMatchObject({ fault });
});
