import { Kind, type TSchema } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { isOptional } from "./schema.ts";

/**
 * Compiles a schema to a function that copies a value that has passed the schema's check.
 *
 * The copy shares no object with the original, has only declared properties, in the schema's order,
 * and leaves out properties that are undefined: what `JSON.parse(JSON.stringify(value))` followed
 * by removal of undeclared properties would give, at about a tenth of its cost. Because of the fixed
 * order, equal values have equal JSON.
 */
export function compileCopy<T>(schema: TSchema): (value: T) => T {
  if (!hasObjects(schema)) return (value) => value;
  const source = new Source();
  const body = source.copy(schema, "value");
  const make = new Function(...source.names, `return function copy(value) { return ${body}; }`);
  return make(...source.values);
}

function hasObjects(schema: TSchema): boolean {
  const kind = schema[Kind];
  if (kind === "Union") return (schema["anyOf"] as TSchema[]).some(hasObjects);
  return kind === "Object" || kind === "Array" || kind === "Record";
}

/** Collects generated code, with the helper functions that it refers to by name. */
class Source {
  readonly names: string[] = [];
  readonly values: unknown[] = [];

  copy(schema: TSchema, at: string): string {
    if (!hasObjects(schema)) return at;
    switch (schema[Kind]) {
      case "Object":
        return `${this.#helper(this.#object(schema))}(${at})`;
      case "Array":
        return `${this.#helper(this.#array(schema["items"]))}(${at})`;
      case "Record":
        return `${this.#helper(record(schema))}(${at})`;
      default:
        return `${this.#helper(union(schema))}(${at})`;
    }
  }

  #helper(value: unknown): string {
    this.names.push(`h${this.names.length}`);
    this.values.push(value);
    return this.names[this.names.length - 1] as string;
  }

  #object(schema: TSchema): (value: unknown) => unknown {
    const inner = new Source();
    const required: string[] = [];
    const optional: string[] = [];
    for (const [key, property] of Object.entries<TSchema>(schema["properties"])) {
      const name = JSON.stringify(key);
      const copied = inner.copy(property, `value[${name}]`);
      if (!isOptional(property)) required.push(`${name}: ${copied}`);
      else optional.push(`if (value[${name}] !== undefined) out[${name}] = ${copied};`);
    }
    const code = `const out = { ${required.join(", ")} }; ${optional.join(" ")} return out;`;
    return new Function(...inner.names, `return function object(value) { ${code} }`)(
      ...inner.values,
    );
  }

  #array(items: TSchema): (value: readonly unknown[]) => unknown[] {
    if (!hasObjects(items)) return (value) => value.slice();
    const copyItem = compileCopy<unknown>(items);
    return (value) => {
      const out = new Array(value.length);
      for (let index = 0; index < value.length; index++) out[index] = copyItem(value[index]);
      return out;
    };
  }
}

function record(schema: TSchema): (value: Record<string, unknown>) => Record<string, unknown> {
  const [values] = Object.values<TSchema>(schema["patternProperties"]);
  const copyValue = compileCopy<unknown>(values as TSchema);
  return (value) => {
    const out: Record<string, unknown> = {};
    for (const key of Object.keys(value)) {
      if (key !== "__proto__" && value[key] !== undefined) out[key] = copyValue(value[key]);
    }
    return out;
  };
}

function union(schema: TSchema): (value: unknown) => unknown {
  const members = (schema["anyOf"] as TSchema[]).filter(hasObjects).map((member) => ({
    matches: TypeCompiler.Compile(member),
    copy: compileCopy<unknown>(member),
  }));
  return (value) => {
    if (typeof value !== "object" || value === null) return value;
    for (const member of members) if (member.matches.Check(value)) return member.copy(value);
    throw new TypeError("A value of a union matched none of its members after it was checked.");
  };
}
