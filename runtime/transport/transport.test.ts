import { expect, test } from "bun:test";
import { encoded } from "./encoded.ts";
import { inProcess } from "./in-process.ts";
import { transportSuite } from "./transport.suite.ts";
import { fromWire, toWire } from "./wire-error.ts";

transportSuite("in process", { open: inProcess });
transportSuite("in process, encoded", { open: () => encoded(inProcess()) });

test("a thrown value that is no error crosses a wire as a defect that quotes it", () => {
  expect(fromWire(toWire("hm"))).toMatchObject({ name: "Defect", message: "hm" });
});
