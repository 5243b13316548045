import { expect, test } from "bun:test";
import { formatTraceparent, newSpanId, newTraceId, parseTraceparent } from "./trace.ts";

const zeros = (count: number) => new Uint8Array(count);
const trace = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
const header = `00-${trace.traceId}-${trace.spanId}-01`;

test("a traceparent is read as it was written", () => {
  expect(formatTraceparent({ ...trace, sampled: true })).toBe(header);
  expect(parseTraceparent(header)).toEqual({ ...trace, sampled: true });
  expect(parseTraceparent(formatTraceparent({ ...trace, sampled: false }))?.sampled).toBe(false);
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

test("ids are hexadecimal, of their length, and never all zero", () => {
  expect(newTraceId(zeros)).toBe(`${"0".repeat(31)}1`);
  expect(newSpanId((count) => new Uint8Array(count).fill(255))).toBe("f".repeat(16));
  expect(() => newSpanId(() => new Uint8Array(3))).toThrow("needs 8 random bytes, but got 3");
});
