import { Kind, type TSchema } from "@sinclair/typebox";
import { isOptional } from "./schema.ts";

/**
 * Bytes of one value as JSON, at most: of an input, an answer, the data of an error, an event, and
 * of what a saga or a job keeps. It is the same wherever the modules run.
 */
export const VALUE_BYTES_MAX = 1024 * 1024;

/** Bytes that one UTF-16 code unit takes in a JSON string, at most: `\u0000`. */
const CODE_UNIT_BYTES_MAX = 6;
/** The longest numbers: -1.2345678901234567e-300 and -9007199254740991. */
const NUMBER_BYTES_MAX = 24;
const INTEGER_BYTES_MAX = 17;
/** What stands around a list, an object or a text, and around one part of these. */
const BRACKETS_BYTES = 2;
const COMMA_BYTES = 1;

const compounds = new Set(["Object", "Array", "Record", "Union"]);
/** A pattern that limits the length by itself, such as `^[A-Z]{2}$`. */
const boundedPattern = /^\^(?:\[(?:[^\]\\]|\\.)+\]|\.)\{(?:\d+,)?(\d+)\}\$$/;

/** The bytes of a value of a schema as JSON, at most; Infinity where the schema sets no limit. */
export function bytesMaxOf(schema: TSchema): number {
  switch (schema[Kind]) {
    case "Null":
      return 4;
    case "Boolean":
      return 5;
    case "Integer":
      return INTEGER_BYTES_MAX;
    case "Number":
      return NUMBER_BYTES_MAX;
    case "Literal":
      return Buffer.byteLength(JSON.stringify(schema["const"]));
    case "String":
      return textBytesMax(schema["maxLength"] ?? patternLength(schema["pattern"]));
    case "Array":
      return listBytesMax(schema["maxItems"], bytesMaxOf(schema["items"]));
    case "Record":
      return recordBytesMax(schema);
    case "Object":
      return objectBytesMax(schema);
    case "Union":
      // A union schema has its members there.
      return Math.max(...(schema["anyOf"] as TSchema[]).map(bytesMaxOf));
    default:
      return Number.POSITIVE_INFINITY;
  }
}

function patternLength(pattern: string | undefined): number {
  return Number(boundedPattern.exec(pattern ?? "")?.[1] ?? Number.POSITIVE_INFINITY);
}

function textBytesMax(length: number): number {
  return BRACKETS_BYTES + length * CODE_UNIT_BYTES_MAX;
}

function listBytesMax(itemsMax = Number.POSITIVE_INFINITY, itemBytesMax: number): number {
  return itemsMax === 0 ? BRACKETS_BYTES : BRACKETS_BYTES + itemsMax * (itemBytesMax + COMMA_BYTES);
}

function recordBytesMax(schema: TSchema): number {
  const [[key, value] = ["", schema]] = Object.entries<TSchema>(schema["patternProperties"]);
  const entry = textBytesMax(patternLength(key)) + COMMA_BYTES + bytesMaxOf(value);
  return listBytesMax(schema["maxProperties"], entry);
}

function objectBytesMax(schema: TSchema): number {
  const properties = Object.entries<TSchema>(schema["properties"]);
  const parts = properties.map(([name, part]) => nameBytes(name) + bytesMaxOf(part));
  return parts.reduce((sum, bytes) => sum + bytes, BRACKETS_BYTES);
}

/** A property's name with its quotes, colon and comma. */
function nameBytes(name: string): number {
  return Buffer.byteLength(JSON.stringify(name)) + 2 * COMMA_BYTES;
}

/**
 * Compiles a schema to a function that gives an upper bound of a fitting value's bytes as JSON.
 *
 * It looks only at the parts that the schema leaves without a limit, and at the lengths of texts,
 * not into them: tens of nanoseconds for an order of five lines.
 */
export function compileBytesBound(schema: TSchema): (value: unknown) => number {
  const source = new Source();
  source.add(schema, "value");
  const code = `let bytes = ${source.bytes}, units = 0; ${source.statements}
    return bytes + units * ${CODE_UNIT_BYTES_MAX};`;
  return new Function("boundOf", `return function bytesBound(value) { ${code} }`)(boundOf);
}

/** Generated code that adds to `bytes` and, for texts, to `units`. */
class Source {
  /** What is the same for each value. */
  bytes = 0;
  statements = "";
  #variables = 0;

  /** Adds what measures the value at `at`. */
  add(schema: TSchema, at: string): void {
    const bytesMax = bytesMaxOf(schema);
    if (bytesMax !== Number.POSITIVE_INFINITY) this.bytes += bytesMax;
    else if (schema[Kind] === "String") this.#text(at);
    else if (schema[Kind] === "Object") this.#object(schema, at);
    else if (schema[Kind] === "Array") this.#list(schema["items"], at);
    else if (schema[Kind] === "Union") this.#union(schema["anyOf"], at);
    else this.statements += `bytes += boundOf(${at});`;
  }

  #text(at: string): void {
    this.bytes += BRACKETS_BYTES;
    this.statements += `units += ${at}.length;`;
  }

  #object(schema: TSchema, at: string): void {
    this.bytes += BRACKETS_BYTES;
    for (const [name, part] of Object.entries<TSchema>(schema["properties"])) {
      this.bytes += nameBytes(name);
      const from = `${at}[${JSON.stringify(name)}]`;
      if (!isOptional(part) || bytesMaxOf(part) !== Number.POSITIVE_INFINITY) this.add(part, from);
      else this.#onlyIf(`${from} !== undefined`, part, from);
    }
  }

  #list(items: TSchema, at: string): void {
    this.bytes += BRACKETS_BYTES;
    const [list, index] = [this.#variable(), this.#variable()];
    const each = this.#within((source) => source.add(items, `${list}[${index}]`));
    const itemBytes = each.bytes + COMMA_BYTES;
    this.statements += `const ${list} = ${at}; bytes += ${list}.length * ${itemBytes};`;
    if (each.statements === "") return;
    this.statements += `for (let ${index} = 0; ${index} < ${list}.length; ${index}++) {`;
    this.statements += `${each.statements} }`;
  }

  /** One object or text beside what has a limit is told apart by its type; the rest is walked. */
  #union(members: readonly TSchema[], at: string): void {
    const open = members.filter((one) => bytesMaxOf(one) === Number.POSITIVE_INFINITY);
    const [only] = open;
    const rest = members.filter((one) => one !== only);
    const isAlone = !rest.some((one) => compounds.has(one[Kind]));
    if (only?.[Kind] === "Object" && isAlone) {
      this.bytes += Math.max(0, ...rest.map(bytesMaxOf));
      this.#onlyIf(`typeof ${at} === "object" && ${at} !== null`, only, at);
    } else if (only?.[Kind] === "String" && open.length === 1) {
      this.bytes += Math.max(0, ...rest.map(bytesMaxOf));
      this.#onlyIf(`typeof ${at} === "string"`, only, at);
    } else {
      this.statements += `bytes += boundOf(${at});`;
    }
  }

  #onlyIf(condition: string, schema: TSchema, at: string): void {
    const { bytes, statements } = this.#within((source) => source.add(schema, at));
    this.bytes += bytes;
    this.statements += `if (${condition}) { ${statements} }`;
  }

  /** Runs `work` and takes what it added out again. */
  #within(work: (source: Source) => void): { readonly bytes: number; readonly statements: string } {
    const before = { bytes: this.bytes, statements: this.statements };
    [this.bytes, this.statements] = [0, ""];
    work(this);
    const { bytes, statements } = this;
    [this.bytes, this.statements] = [before.bytes, before.statements];
    return { bytes, statements };
  }

  #variable(): string {
    return `v${this.#variables++}`;
  }
}

/** An upper bound for any value that JSON keeps. */
function boundOf(value: unknown): number {
  if (typeof value === "string") return textBytesMax(value.length);
  if (typeof value !== "object" || value === null) return NUMBER_BYTES_MAX;
  let bytes = BRACKETS_BYTES;
  if (Array.isArray(value)) {
    for (const item of value) bytes += boundOf(item) + COMMA_BYTES;
    return bytes;
  }
  for (const [name, part] of Object.entries(value)) {
    bytes += textBytesMax(name.length) + COMMA_BYTES + COMMA_BYTES + boundOf(part);
  }
  return bytes;
}
