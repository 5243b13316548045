import { expect, test } from "bun:test";
import { parseTraceparent } from "./trace.ts";

const trace = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
const header = `00-${trace.traceId}-${trace.spanId}-01`;

test("a traceparent is read as it was written", () => {
  expect(parseTraceparent(header)).toEqual({ ...trace, sampled: true });
  expect(parseTraceparent(`${header.slice(0, -2)}00`)?.sampled).toBe(false);
});

test("a later version is read for the part that is known", () => {
  expect(parseTraceparent(`01${header.slice(2)}-more`)).toEqual({ ...trace, sampled: true });
});

test.each([
  "",
  "nonsense",
  header.toUpperCase(),
  `${header}-more`,
  `ff${header.slice(2)}`,
  `00-${"0".repeat(32)}-${trace.spanId}-01`,
  `00-${trace.traceId}-${"0".repeat(16)}-01`,
  `${header}0`,
  ` ${header}`,
])("refuses %p", (text) => {
  expect(parseTraceparent(text)).toBeUndefined();
});
