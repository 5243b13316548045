import type { Static, TSchema } from "@sinclair/typebox";
import { type TypeCheck, TypeCompiler } from "@sinclair/typebox/compiler";
import type { Procedure } from "./contract.ts";
import { compileCopy } from "./copy.ts";
import { ContractError } from "./errors.ts";
import { isImmutable } from "./immutable.ts";

/** Validates and copies values of one schema; both functions are compiled once. */
export interface Checked {
  /** Returns a copy that has only what the schema declares, or throws a ContractError. */
  readonly copy: (value: unknown) => unknown;
  /** The copy as JSON; for an `immutable` value it is made once. */
  readonly text: (value: unknown) => string;
}

interface Compiled {
  readonly check: TypeCheck<TSchema>;
  readonly copyOf: (value: unknown) => unknown;
  /** By what messages call the value: one schema is used in several places. */
  readonly places: Map<string, Checked>;
  /** What immutable values that have passed the check are as JSON. */
  readonly texts: WeakMap<object, string>;
}

const compiled = new WeakMap<TSchema, Compiled>();

/** Compiles a schema's check and copy. `where` names the value in messages. */
export function checked(schema: TSchema, where: string): Checked {
  const { check, copyOf, places, texts } = compiledOf(schema);
  const known = places.get(where);
  if (known !== undefined) return known;
  const copy = (value: unknown) => {
    if (check.Check(value)) return copyOf(value);
    throw new ContractError(`${where} does not fit its contract: ${firstError(check, value)}.`);
  };
  const text = (value: unknown) => {
    const written = texts.get(value as object);
    if (written !== undefined) return written;
    const json = JSON.stringify(copy(value));
    if (isImmutable(value)) texts.set(value as object, json);
    return json;
  };
  const result: Checked = { copy, text };
  places.set(where, result);
  return result;
}

function compiledOf(schema: TSchema): Compiled {
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  const check = TypeCompiler.Compile(schema);
  const copyOf = compileCopy<unknown>(schema);
  const made: Compiled = { check, copyOf, places: new Map(), texts: new WeakMap() };
  compiled.set(schema, made);
  return made;
}

/** A checked copy of a value, with its type; throws a ContractError when it does not fit. */
export function parse<S extends TSchema>(schema: S, value: unknown, where: string): Static<S> {
  return checked(schema, where).copy(value) as Static<S>;
}

/** The compiled input and output of a procedure. */
export interface CheckedProcedure {
  readonly input: Checked;
  readonly output: Checked;
}

/** Compiles a procedure once. */
export function checkedProcedure(procedure: Procedure): CheckedProcedure {
  const where = `${procedure.module}.${procedure.name}`;
  return {
    input: checked(procedure.input, `The input of ${where}`),
    output: checked(procedure.output, `The output of ${where}`),
  };
}

function firstError(check: TypeCheck<TSchema>, value: unknown): string {
  const error = check.Errors(value).First();
  if (error === undefined) return "it was refused";
  const { path, message } = error;
  return `${path || "/"}: ${message.charAt(0).toLowerCase()}${message.slice(1)}`;
}
