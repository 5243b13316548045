import { expect, test } from "bun:test";
import { realEnvironment } from "../host/real-environment.ts";
import { encoded } from "./encoded.ts";
import { inProcess } from "./in-process.ts";
import { transportSuite } from "./transport.suite.ts";
import { fromWire, toWire } from "./wire-error.ts";

const { after } = realEnvironment();
const open = () => inProcess({ after: (_delayMs, work) => after(1, work) });

transportSuite("in process", { open });
transportSuite("in process, encoded", { open: () => encoded(open()) });

test("a thrown value that is no error crosses a wire as a defect that quotes it", () => {
  expect(fromWire(toWire("hm"))).toMatchObject({ name: "Defect", message: "hm" });
});
