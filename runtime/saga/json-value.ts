import { ContractError } from "../contract/errors.ts";

/** Size of one value in a saga's row, as JSON, in bytes: what a NATS message holds by default. */
const BYTES_MAX = 1_048_576;
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
 * Copies a value by way of its JSON, so that it is the same before and after a restart: `-0` is
 * 0, and properties that are undefined are left out.
 *
 * Throws a ContractError with the path of the first part that JSON would change in any other way,
 * or when the JSON is larger than 1 MiB. `where` names the value in the message.
 */
export function jsonCopy(value: unknown, where: string): unknown {
  const problem = problemOf(value, "", []);
  if (problem !== undefined) {
    throw new ContractError(
      `${where} ${problem}. A saga keeps null, booleans, finite numbers, strings, arrays and ` +
        `plain objects: convert the value to these.`,
    );
  }
  const text = JSON.stringify(value);
  const bytes = Buffer.byteLength(text);
  if (bytes > BYTES_MAX) {
    throw new ContractError(
      `${where} is ${bytes} bytes of JSON; a saga keeps at most ${BYTES_MAX}. ` +
        `Keep the data in a module and return its id.`,
    );
  }
  return JSON.parse(text);
}

/** Copies a value that `jsonCopy` returned, or that was read as JSON. */
export function copyOfJson<T>(value: T): T {
  return typeof value === "object" && value !== null ? JSON.parse(JSON.stringify(value)) : value;
}

/** Describes the first part of the value that JSON does not keep, with its path. */
function problemOf(value: unknown, path: string, ancestors: readonly object[]): string | undefined {
  const at = path === "" ? "" : ` at ${path}`;
  if (value === null || typeof value === "boolean" || typeof value === "string") return undefined;
  if (typeof value === "number") return Number.isFinite(value) ? undefined : `is ${value}${at}`;
  if (typeof value !== "object") return `is ${kindOf(value)}${at}`;
  if (ancestors.includes(value)) return `refers to itself${at}`;
  if (ancestors.length >= DEPTH_MAX) return `is nested deeper than ${DEPTH_MAX} levels`;
  if (!isPlain(value)) return `is ${kindOf(value)}${at}`;
  return partProblem(value, path, [...ancestors, value]);
}

function partProblem(
  value: object,
  path: string,
  ancestors: readonly object[],
): string | undefined {
  for (const key of Object.getOwnPropertySymbols(value)) {
    if (Object.getOwnPropertyDescriptor(value, key)?.enumerable !== true) continue;
    return `has the property ${String(key)}${path === "" ? "" : ` at ${path}`}`;
  }
  const isArray = Array.isArray(value);
  if (isArray) {
    for (let index = 0; index < value.length; index++) {
      const problem = problemOf(value[index], `${path}/${index}`, ancestors);
      if (problem !== undefined) return problem;
    }
  }
  for (const [key, part] of Object.entries(value)) {
    if (isArray && /^(0|[1-9]\d*)$/.test(key)) continue;
    if (isArray) return `is an array with the property ${key}${path === "" ? "" : ` at ${path}`}`;
    if (part === undefined) continue;
    const problem = problemOf(part, `${path}/${key}`, ancestors);
    if (problem !== undefined) return problem;
  }
  return undefined;
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
