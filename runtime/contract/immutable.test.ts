import { expect, test } from "bun:test";
import { checked } from "./check.ts";
import { immutable, isImmutable } from "./immutable.ts";
import { t } from "./schema.ts";

const Tea = t.Object({ name: t.String(), tags: t.Array(t.Object({ text: t.String() })) });
const tea = () => ({ name: "sencha", tags: [{ text: "green" }], secret: "not in the contract" });

test("nothing within an immutable value can be changed", () => {
  const value = immutable(tea());
  expect(() => {
    (value.tags[0] as { text: string }).text = "black";
  }).toThrow(TypeError);
  expect(() => value.tags.push({ text: "loose" })).toThrow(TypeError);
  expect([isImmutable(value), isImmutable(tea()), isImmutable(null)]).toEqual([true, false, false]);
});

test.each([
  ["immutable", immutable],
  ["other", <T>(value: T) => value],
] as const)(
  "the text of an %s value has what the contract declares, whenever it is asked for",
  (_what, made) => {
    const value = made(tea());
    const { text } = checked(Tea, "The tea");
    const expected = '{"name":"sencha","tags":[{"text":"green"}]}';
    expect([text(value), text(value)]).toEqual([expected, expected]);
  },
);

test("the text of a value that may change follows the change", () => {
  const value = tea();
  const { text } = checked(Tea, "The tea");
  text(value);
  value.name = "bancha";
  expect(text(value)).toStartWith('{"name":"bancha"');
});

test("the text of what does not fit is refused, immutable or not", () => {
  const { text } = checked(Tea, "The tea");
  const misfit = immutable({ name: 1, tags: [] });
  for (let time = 0; time < 2; time++) {
    expect(() => text(misfit)).toThrow("The tea does not fit its contract: /name");
  }
});

test("what was frozen on the surface before is frozen within", () => {
  const value = immutable(Object.freeze({ tags: Object.freeze([{ text: "green" }]) }));
  expect(() => {
    (value.tags[0] as { text: string }).text = "black";
  }).toThrow(TypeError);
});

test("a value that holds itself has an end", () => {
  const ring: { next?: unknown } = {};
  ring.next = Object.freeze({ ring });
  expect(isImmutable(immutable(ring))).toBe(true);
});
