import { Kind, type TSchema } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { isOptional } from "./schema.ts";

/**
 * Compiles a schema to a function that copies a value that has passed the schema's check.
 *
 * The copy shares no object with the original, has only declared properties and leaves out what is
 * undefined: what `JSON.parse(JSON.stringify(value))` followed by removal of undeclared properties
 * would give, at about a tenth of its cost; a negative zero is 0. Its properties are in the
 * schema's order, those that may lack last, and a record's by name; because of that, equal values
 * have equal JSON. Of a value that several members of a union fit, the copy has what any of them
 * declares.
 *
 * The copy function throws an UncopiedError for what the check lets through and JSON does not.
 */
export function compileCopy<T>(schema: TSchema): (value: T) => T {
  if (!changes(schema)) return (value) => value;
  const source = new Source();
  const result = source.copy(schema, "value");
  const code = `return function copy(value) { ${source.statements} return ${result}; }`;
  return new Function(...source.names, code)(...source.values);
}

/** A value passed its schema's check and cannot be copied; the message says why. */
export class UncopiedError extends Error {
  override readonly name = "UncopiedError";
}

/** Whether a copy may differ from its original, as an object does and a negative zero. */
function changes(schema: TSchema): boolean {
  const kind = schema[Kind];
  if (kind === "Union") return membersOf(schema).some(changes);
  return kind === "Object" || kind === "Array" || kind === "Record" || mayBeZero(schema);
}

function mayBeZero({ [Kind]: kind, const: only, minimum, exclusiveMinimum }: TSchema): boolean {
  if (kind === "Literal") return only === 0;
  if (kind !== "Number" && kind !== "Integer") return false;
  return !(minimum > 0 || exclusiveMinimum >= 0);
}

/**
 * Generated code: statements to run first, and the functions that they refer to by name. Objects
 * and arrays are copied inline, because a call for each would double the cost.
 */
class Source {
  statements = "";
  readonly names: string[] = [];
  readonly values: unknown[] = [];
  #variables = 0;

  /** Adds the statements that copy what is at `at`; returns the expression of the copy. */
  copy(schema: TSchema, at: string): string {
    if (!changes(schema)) return at;
    switch (schema[Kind]) {
      case "Object":
        return this.#object(schema, at);
      case "Array":
        return this.#array(schema["items"], at);
      case "Record":
        return `${this.#function(record(schema))}(${at})`;
      case "Union":
        return `${this.#function(union(schema))}(${at})`;
      default:
        // A number, of which adding 0 makes a negative zero 0.
        return `(${at} + 0)`;
    }
  }

  #object(schema: TSchema, at: string): string {
    const properties = Object.entries<TSchema>(schema["properties"]);
    const required = properties
      .filter(([, property]) => !isOptional(property))
      .map(([key, property]) => {
        const name = JSON.stringify(key);
        return `${name}: ${this.copy(property, `${at}[${name}]`)}`;
      });
    const out = this.#variable(`{ ${required.join(", ")} }`);
    for (const [key, property] of properties) {
      if (!isOptional(property)) continue;
      const from = `${at}[${JSON.stringify(key)}]`;
      this.statements += `if (${from} !== undefined) {`;
      const copied = this.copy(property, from);
      this.statements += `${out}[${JSON.stringify(key)}] = ${copied}; }`;
    }
    return out;
  }

  #array(items: TSchema, at: string): string {
    if (!changes(items)) return `${at}.slice()`;
    const from = this.#variable(at);
    const out = this.#variable(`new Array(${from}.length)`);
    const index = `i${this.#variables++}`;
    this.statements += `for (let ${index} = 0; ${index} < ${from}.length; ${index}++) {`;
    const item = this.#variable(`${from}[${index}]`);
    const copied = this.copy(items, item);
    this.statements += `${out}[${index}] = ${copied}; }`;
    return out;
  }

  #variable(value: string): string {
    const name = `v${this.#variables++}`;
    this.statements += `const ${name} = ${value};`;
    return name;
  }

  #function(value: unknown): string {
    const name = `f${this.names.length}`;
    this.names.push(name);
    this.values.push(value);
    return name;
  }
}

function record(schema: TSchema): (value: Record<string, unknown>) => Record<string, unknown> {
  const [values] = Object.values<TSchema>(schema["patternProperties"]);
  // Every record schema has one pattern for its keys.
  const copyValue = compileCopy<unknown>(values as TSchema);
  return (value) => {
    const out: Record<string, unknown> = {};
    const keys = Object.keys(value);
    if (keys.length > 1) keys.sort();
    for (const key of keys) {
      if (key === "__proto__") throw new UncopiedError("a record has the key __proto__");
      out[key] = copyValue(value[key]);
    }
    return out;
  };
}

type Copy = (value: unknown) => unknown;

/** The copy of a union: which members a value fits is found out only where it is not plain. */
function union(schema: TSchema): Copy {
  const members = membersOf(schema).filter((one) => changes(one) && !mayBeZero(one));
  const [only, ...others] = members;
  if (only === undefined) return orZero((value) => value);
  if (others.length === 0) return orZero(compileCopy<unknown>(only));
  const told = discriminator(members);
  return orZero(told === undefined ? byFit(members) : byTag(members, told));
}

function membersOf(schema: TSchema): TSchema[] {
  const members: TSchema[] | undefined = schema["anyOf"];
  return members === undefined ? [schema] : members.flatMap(membersOf);
}

/** Copies what is an object or a list; of the rest only a negative zero is not its own copy. */
function orZero(copy: Copy): Copy {
  return (value) => {
    if (typeof value === "object" && value !== null) return copy(value);
    return value === 0 ? 0 : value;
  };
}

/** The property whose literals are different in each member, and so tell which one a value fits. */
function discriminator(members: readonly TSchema[]): string | undefined {
  const [first] = members;
  return Object.keys(first?.["properties"] ?? {}).find((name) => {
    const literals = members.map((one) => literalsOf(one["properties"]?.[name]));
    const all = literals.flat();
    return literals.every((one) => one.length > 0) && new Set(all).size === all.length;
  });
}

/** The values of a property that is required to be one of some literals; else none. */
function literalsOf(property: TSchema | undefined): unknown[] {
  if (property === undefined || isOptional(property)) return [];
  const members = membersOf(property);
  const areLiterals = members.every((one) => one[Kind] === "Literal");
  return areLiterals ? members.map((one) => one["const"]) : [];
}

function byTag(members: readonly TSchema[], name: string): Copy {
  const copies = new Map<unknown, Copy>();
  for (const member of members) {
    const copy = compileCopy<unknown>(member);
    for (const literal of literalsOf(member["properties"][name])) copies.set(literal, copy);
  }
  // The value fits one of the members, and each is an object.
  return (value) => copies.get((value as Record<string, unknown>)[name])?.(value);
}

function byFit(schemas: readonly TSchema[]): Copy {
  const members = schemas.map((one) => ({
    matches: TypeCompiler.Compile(one),
    copy: compileCopy<unknown>(one),
  }));
  return (value) => {
    let out: unknown;
    for (const member of members) {
      if (!member.matches.Check(value)) continue;
      const copy = member.copy(value);
      out = out === undefined ? copy : joined(out, copy);
    }
    return out;
  };
}

/** What two copies of one value have together. */
function joined(one: unknown, other: unknown): unknown {
  if (typeof one !== "object" || one === null) return one;
  // Both are copies of one value: where one is an array or an object, so is the other.
  if (Array.isArray(one)) return one.map((item, at) => joined(item, (other as unknown[])[at]));
  const out: Record<string, unknown> = { ...one };
  // It is an object, as above.
  for (const [name, part] of Object.entries(other as object)) {
    out[name] = Object.hasOwn(one, name) ? joined(out[name], part) : part;
  }
  return out;
}
