import { describe, expect, test } from "bun:test";
import { copyOfJson, jsonCopy } from "./json-value.ts";

class Parcel {
  readonly weight = 1;
}

const cyclic: { list: unknown[] } = { list: [] };
cyclic.list.push({ again: cyclic });

describe("a value that a saga keeps", () => {
  test.each([
    [null],
    [true],
    [1.5],
    ["text \ud800"],
    [[]],
    [{ a: [{ b: null }, "c"], d: {} }],
    [JSON.parse('{"__proto__": {"a": 1}, "constructor": 2}')],
    [Object.assign(Object.create(null), { a: 1 })],
  ])("is equal to %p, and shares no object with it", (value: unknown) => {
    const copy = jsonCopy(value, "It");
    expect(copy).toEqual(value);
    expect(JSON.stringify(copy)).toBe(JSON.stringify(value));
    if (typeof value === "object" && value !== null) expect(copy).not.toBe(value);
  });

  test("has no -0 and no undefined property", () => {
    expect(Object.is(jsonCopy(-0, "It"), 0)).toBe(true);
    expect(jsonCopy({ a: -0, b: undefined }, "It")).toStrictEqual({ a: 0 });
  });

  test.each([
    [undefined, "is undefined."],
    [{ a: Number.NaN }, "is NaN at /a."],
    [[1, Number.POSITIVE_INFINITY], "is Infinity at /1."],
    [{ a: [undefined] }, "is undefined at /a/0."],
    [new Array(2), "is undefined at /0."],
    [{ a: { at: new Date(0) } }, "is an instance of Date at /a/at."],
    [new Map(), "is an instance of Map."],
    [new Set(), "is an instance of Set."],
    [new Uint8Array(2), "is an instance of Uint8Array."],
    [new Parcel(), "is an instance of Parcel."],
    [new Error("no"), "is an instance of Error."],
    [{ a: 1n }, "is a bigint at /a."],
    [{ a: () => 1 }, "is a function at /a."],
    [{ toJSON: () => 1 }, "is a function at /toJSON."],
    [Symbol("s"), "is a symbol."],
    [{ [Symbol("s")]: 1 }, "has the property Symbol(s)."],
    [Object.assign([1], { total: 1 }), "is an array with the property total."],
    [cyclic, "refers to itself at /list/0/again."],
  ])("is not %p", (value, problem) => {
    expect(() => jsonCopy(value, "The result")).toThrow(`The result ${problem}`);
  });

  test("is what its properties are when each is read once", () => {
    let reads = 0;
    const value = {
      get at() {
        reads += 1;
        return reads === 1 ? 1 : new Date(0);
      },
    };
    expect(jsonCopy(value, "It")).toEqual({ at: 1 });
    expect(reads).toBe(1);
    const revocable = Proxy.revocable({ a: [1] }, {});
    const copy = jsonCopy({ draft: revocable.proxy }, "It");
    revocable.revoke();
    expect(copy).toEqual({ draft: { a: [1] } });
  });

  test("does not become what a hidden toJSON makes of it", () => {
    const hidden = { enumerable: false, value: () => "another" };
    expect(jsonCopy({ a: Object.defineProperty([1], "toJSON", hidden) }, "It")).toEqual({ a: [1] });
    const get = (target: object, key: string) =>
      key === "toJSON" ? hidden.value : Reflect.get(target, key);
    expect(jsonCopy(new Proxy({ a: 1 }, { get }), "It")).toEqual({ a: 1 });
  });

  test("is no larger than 1 MiB of JSON, and not nested without end", () => {
    const text = "x".repeat(1_048_574);
    expect(jsonCopy(text, "It")).toBe(text);
    expect(() => jsonCopy(`${text}x`, "It")).toThrow(
      "It is 1048577 bytes of JSON; a saga keeps at most 1048576.",
    );
    let deep: unknown = 1;
    for (let depth = 0; depth < 100_000; depth++) deep = [deep];
    expect(() => jsonCopy(deep, "It")).toThrow("is nested deeper than 500 levels");
  });

  test("is copied as deep as it is", () => {
    const value = { a: [{ b: 1 }] };
    const copy = copyOfJson(value);
    copy.a.push({ b: 2 });
    expect(value).toEqual({ a: [{ b: 1 }] });
    expect([copyOfJson("a"), copyOfJson(null)]).toEqual(["a", null]);
  });
});
