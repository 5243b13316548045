import type { Static, TSchema } from "@sinclair/typebox";
import { type TypeCheck, TypeCompiler } from "@sinclair/typebox/compiler";
import type { Procedure } from "./contract.ts";
import { compileCopy, UncopiedError } from "./copy.ts";
import { ContractError, InputError, type Misfit } from "./errors.ts";
import { isImmutable } from "./immutable.ts";
import { partsOf } from "./schema.ts";
import { bytesMaxOf, compileBytesBound, VALUE_BYTES_MAX } from "./size.ts";

/** Characters of the path to what does not fit, at most. */
const PATH_LENGTH_MAX = 500;

/** Validates and copies values of one schema; both functions are compiled once. */
export interface Checked {
  /**
   * Returns a copy that has only what the schema declares, or throws a ContractError: also when it
   * has more than `VALUE_BYTES_MAX` bytes as JSON.
   */
  readonly copy: (value: unknown) => unknown;
  /** The copy as JSON; for an `immutable` value it is made once. */
  readonly text: (value: unknown) => string;
}

interface Compiled {
  /** Throws an UncopiedError for what the check lets through and JSON does not. */
  readonly copy: (value: unknown) => unknown;
  readonly check: TypeCheck<TSchema>;
  /** An upper bound of a copy's bytes as JSON; undefined when no copy is too large. */
  readonly bytesBound: ((copy: unknown) => number) | undefined;
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
  { check, copy: copyOf, bytesBound, texts }: Compiled,
  where: string,
  refusal: (sentence: string, misfit: Misfit) => Error,
): Checked {
  const fitting = (value: unknown) => {
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
  const assertCarried = (json: string) => {
    const bytes = Buffer.byteLength(json);
    if (bytes <= VALUE_BYTES_MAX) return;
    const sentence =
      `${where} has ${bytes} bytes as JSON; what modules send one another has at most ` +
      `${VALUE_BYTES_MAX}. Send a page of a list at a time, and an id in place of large data.`;
    throw refusal(sentence, { at: "", expected: `At most ${VALUE_BYTES_MAX} bytes as JSON` });
  };
  const copy = (value: unknown) => {
    const made = fitting(value);
    if (bytesBound !== undefined && bytesBound(made) > VALUE_BYTES_MAX) {
      assertCarried(JSON.stringify(made));
    }
    return made;
  };
  const text = (value: unknown) => {
    // A value that is no object is no key of the map, and is not found in it.
    const written = texts.get(value as object);
    if (written !== undefined) return written;
    const json = JSON.stringify(fitting(value));
    if (bytesBound !== undefined) assertCarried(json);
    // Only objects are marked as immutable.
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
    bytesBound: bytesMaxOf(schema) > VALUE_BYTES_MAX ? compileBytesBound(schema) : undefined,
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

/**
 * A checked copy of a value of any size, such as a file's, with its type; throws a ContractError
 * when it does not fit.
 */
export function parse<S extends TSchema>(schema: S, value: unknown, where: string): Static<S> {
  const unbounded = { ...compiledOf(schema), bytesBound: undefined };
  const { copy } = checkedBy(unbounded, where, (sentence) => new ContractError(sentence));
  // The copy has passed the check of this schema.
  return copy(value) as Static<S>;
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
  // A path may hold a key of any length.
  const at = (error?.path ?? "").slice(0, PATH_LENGTH_MAX);
  return { at, expected: error?.message ?? "Expected something else" };
}
