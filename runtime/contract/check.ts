import type { Static, TSchema } from "@sinclair/typebox";
import { type TypeCheck, TypeCompiler } from "@sinclair/typebox/compiler";
import type { Procedure } from "./contract.ts";
import { compileCopy, UncopiedError } from "./copy.ts";
import { ContractError, InputError, type Misfit } from "./errors.ts";
import { isImmutable } from "./immutable.ts";
import { partsOf } from "./schema.ts";

/** Validates and copies values of one schema; both functions are compiled once. */
export interface Checked {
  /** Returns a copy that has only what the schema declares, or throws a ContractError. */
  readonly copy: (value: unknown) => unknown;
  /** The copy as JSON; for an `immutable` value it is made once. */
  readonly text: (value: unknown) => string;
}

interface Compiled {
  /** Throws an UncopiedError for what the check lets through and JSON does not. */
  readonly copy: (value: unknown) => unknown;
  readonly check: TypeCheck<TSchema>;
  /** By what messages call the value: one schema is used in several places. */
  readonly places: Map<string, Checked>;
  /** The same where the value is the input of a call. */
  readonly inputs: Map<string, Checked>;
  /** What immutable values that have passed the check are as JSON. */
  readonly texts: WeakMap<object, string>;
}

const compiled = new WeakMap<TSchema, Compiled>();

/** Compiles a schema's check and copy. `where` names the value in messages. */
export function checked(schema: TSchema, where: string): Checked {
  const form = compiledOf(schema);
  return known(form.places, where, () =>
    checkedBy(form, where, (sentence) => new ContractError(sentence)),
  );
}

function known(places: Map<string, Checked>, where: string, make: () => Checked): Checked {
  const before = places.get(where);
  if (before !== undefined) return before;
  const made = make();
  places.set(where, made);
  return made;
}

function checkedBy(
  { check, copy: copyOf, texts }: Compiled,
  where: string,
  refusal: (sentence: string, misfit: Misfit) => Error,
): Checked {
  const copy = (value: unknown) => {
    try {
      if (check.Check(value)) return copyOf(value);
    } catch (error) {
      if (!(error instanceof UncopiedError)) throw error;
      const sentence = `${where} does not fit its contract: ${error.message}.`;
      throw refusal(sentence, { at: "", expected: `None of it: ${error.message}` });
    }
    const { at, expected } = misfitOf(check, value);
    const reason = `${at || "/"}: ${expected.charAt(0).toLowerCase()}${expected.slice(1)}`;
    throw refusal(`${where} does not fit its contract: ${reason}.`, { at, expected });
  };
  const text = (value: unknown) => {
    const written = texts.get(value as object);
    if (written !== undefined) return written;
    const json = JSON.stringify(copy(value));
    if (isImmutable(value)) texts.set(value as object, json);
    return json;
  };
  return { copy, text };
}

function compiledOf(schema: TSchema): Compiled {
  const before = compiled.get(schema);
  if (before !== undefined) return before;
  const check = TypeCompiler.Compile(schema);
  const copyOf = compileCopy<unknown>(schema);
  const copy = counts(schema) ? recounted(check, copyOf) : copyOf;
  const made: Compiled = {
    check,
    copy,
    places: new Map(),
    inputs: new Map(),
    texts: new WeakMap(),
  };
  compiled.set(schema, made);
  return made;
}

/**
 * Whether a schema counts or compares what may have undeclared properties, so that a copy, which
 * has none, may not fit any more: whoever gets it over a wire would refuse it.
 */
function counts(schema: TSchema): boolean {
  if (schema["type"] === "object" && schema["minProperties"] !== undefined) return true;
  if (schema["uniqueItems"] || schema["contains"] !== undefined) return true;
  return partsOf(schema).some(counts);
}

function recounted(check: TypeCheck<TSchema>, copyOf: (value: unknown) => unknown) {
  return (value: unknown) => {
    const copy = copyOf(value);
    if (check.Check(copy)) return copy;
    const { at, expected } = misfitOf(check, copy);
    throw new UncopiedError(`without what is not declared, ${at || "/"} is ${expected}`);
  };
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
    input: checkedInput(procedure.input, `The input of ${where}`),
    output: checked(procedure.output, `The output of ${where}`),
  };
}

/** Like `checked`, but what does not fit is an InputError. */
function checkedInput(schema: TSchema, where: string): Checked {
  const form = compiledOf(schema);
  return known(form.inputs, where, () =>
    checkedBy(form, where, (sentence, misfit) => new InputError(sentence, misfit)),
  );
}

function misfitOf(check: TypeCheck<TSchema>, value: unknown): Misfit {
  const error = check.Errors(value).First();
  return { at: error?.path ?? "", expected: error?.message ?? "Expected something else" };
}
