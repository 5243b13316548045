import { ContractError } from "../contract/errors.ts";
import { VALUE_BYTES_MAX } from "../contract/size.ts";

/** Depth of nested objects and arrays in one value. */
const DEPTH_MAX = 500;

/**
 * `T` when JSON keeps it: null, booleans, numbers, strings, and arrays and plain objects of these.
 * What JSON would change or lose (a Date, a Map, a function, `undefined` in an array) becomes
 * `never`. `unknown` and `any` pass; `jsonCopy` checks their values.
 */
export type JsonCompatible<T> = unknown extends T
  ? T
  : T extends string | number | boolean | null | undefined
    ? T
    : T extends bigint | symbol | ((...args: never) => unknown)
      ? never
      : T extends readonly unknown[]
        ? { readonly [K in keyof T]: JsonElement<T[K]> }
        : { readonly [K in keyof T]: K extends symbol ? never : JsonCompatible<T[K]> };

type JsonElement<T> = unknown extends T ? T : undefined extends T ? never : JsonCompatible<T>;

/**
 * Copies a value to what JSON keeps, so that it is the same before and after a restart: `-0` is 0,
 * and properties that are undefined are left out. Each property is read once, and no `toJSON` runs.
 *
 * Throws a ContractError with the path of the first part that JSON would change in any other way,
 * or when the JSON is larger than 1 MiB. `where` names the value in the message.
 */
export function jsonCopy(value: unknown, where: string): unknown {
  const copy = copyOf(value, { where, path: "", ancestors: [] });
  const bytes = Buffer.byteLength(JSON.stringify(copy));
  if (bytes > VALUE_BYTES_MAX) {
    throw new ContractError(
      `${where} is ${bytes} bytes of JSON; a saga keeps at most ${VALUE_BYTES_MAX}. ` +
        `Keep the data in a module and return its id.`,
    );
  }
  return copy;
}

/** Copies a value that `jsonCopy` returned, or that was read as JSON. */
export function copyOfJson<T>(value: T): T {
  return typeof value === "object" && value !== null ? JSON.parse(JSON.stringify(value)) : value;
}

/** Copies such a value when it is asked for the first time; from then on it is that copy. */
export function lateCopyOfJson<T>(value: T): () => T {
  let made: { readonly copy: T } | undefined;
  return () => {
    made ??= { copy: copyOfJson(value) };
    return made.copy;
  };
}

/** Where a part of a value is found. */
interface Place {
  readonly where: string;
  readonly path: string;
  readonly ancestors: readonly object[];
}

function copyOf(value: unknown, at: Place): unknown {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw unfit(`is ${value}`, at);
    return value + 0;
  }
  if (typeof value !== "object") throw unfit(`is ${kindOf(value)}`, at);
  if (at.ancestors.includes(value)) throw unfit("refers to itself", at);
  if (at.ancestors.length >= DEPTH_MAX) {
    throw unfit(`is nested deeper than ${DEPTH_MAX} levels`, { ...at, path: "" });
  }
  if (!isPlain(value)) throw unfit(`is ${kindOf(value)}`, at);
  for (const key of Object.getOwnPropertySymbols(value)) {
    if (Object.getOwnPropertyDescriptor(value, key)?.enumerable !== true) continue;
    throw unfit(`has the property ${String(key)}`, at);
  }
  // It is a plain object without symbols.
  return Array.isArray(value) ? arrayOf(value, at) : objectOf(value as Parts, at);
}

interface Parts {
  readonly [key: string]: unknown;
}

function arrayOf(value: readonly unknown[], at: Place): unknown[] {
  const copy: unknown[] = [];
  for (let index = 0; index < value.length; index++) {
    copy.push(copyOf(value[index], within(value, index, at)));
  }
  const other = Object.keys(value).find((key) => !/^(0|[1-9]\d*)$/.test(key));
  if (other !== undefined) throw unfit(`is an array with the property ${other}`, at);
  return copy;
}

function objectOf(value: Parts, at: Place): object {
  const parts: [string, unknown][] = [];
  for (const key of Object.keys(value)) {
    const part = value[key];
    if (part !== undefined) parts.push([key, copyOf(part, within(value, key, at))]);
  }
  // A property `__proto__` is one like any other.
  return Object.fromEntries(parts);
}

function within(parent: object, key: string | number, { where, path, ancestors }: Place): Place {
  return { where, path: `${path}/${key}`, ancestors: [...ancestors, parent] };
}

function unfit(problem: string, { where, path }: Place): ContractError {
  return new ContractError(
    `${where} ${problem}${path === "" ? "" : ` at ${path}`}. A saga keeps null, booleans, finite ` +
      `numbers, strings, arrays and plain objects: convert the value to these.`,
  );
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (Array.isArray(value)) return prototype === Array.prototype;
  return prototype === Object.prototype || prototype === null;
}

function kindOf(value: unknown): string {
  if (typeof value !== "object" || value === null) {
    return value === undefined ? "undefined" : `a ${typeof value}`;
  }
  return `an instance of ${value.constructor?.name || "a class"}`;
}
