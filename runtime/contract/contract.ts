import type { Static, TObject, TSchema } from "@sinclair/typebox";
import { type DomainError, isDomainError } from "./errors.ts";
import { assertModuleName, assertName, assertNoOperation } from "./names.ts";
import { settleSchema } from "./schema.ts";
import { versionNumber } from "./time.ts";

/** The declared errors of a procedure: UPPER_SNAKE code to the schema of its data. */
export type ErrorSchemas = { readonly [code: string]: TSchema };

type Shape = { readonly input: TObject; readonly output: TSchema; readonly errors: ErrorSchemas };

/** A definition before its contract has given it a name. */
type Unnamed =
  | ({ readonly kind: "query" | "command"; readonly ownerOnly: boolean } & Shape)
  | {
      readonly kind: "event";
      readonly version: number;
      readonly payload: TObject;
      readonly key?: string;
    };

/**
 * Anything callable in a contract. `module` and `name` are literals, so `uses` and `call` can be
 * typed by them: two procedures of one shape are two types.
 */
export interface Procedure<
  Module extends string = string,
  Name extends string = string,
  Input extends TObject = TObject,
  Output extends TSchema = TSchema,
  Errors extends ErrorSchemas = ErrorSchemas,
  Kind extends "query" | "command" = "query" | "command",
  OwnerOnly extends boolean = boolean,
> {
  readonly kind: Kind;
  /** True when only the module's owner runs it: each command, and queries that say so. */
  readonly ownerOnly: OwnerOnly;
  readonly module: Module;
  readonly name: Name;
  readonly input: Input;
  readonly output: Output;
  readonly errors: Errors;
}

/**
 * A fact that a module publishes, in the past tense. `version` rises when the payload changes
 * shape.
 */
export interface EventType<Module extends string = string, Payload extends TObject = TObject> {
  readonly kind: "event";
  readonly module: Module;
  readonly name: string;
  readonly version: number;
  readonly payload: Payload;
  /** The property of the payload whose value names what the event is about; see `event`. */
  readonly key?: string;
}

export type InputOf<P extends Procedure> = Static<P["input"]>;
export type OutputOf<P extends Procedure> = Static<P["output"]>;
export type PayloadOf<E extends EventType> = Static<E["payload"]>;
export type ErrorCodeOf<P extends Procedure> = Extract<keyof P["errors"], string>;
export type ErrorDataOf<P extends Procedure, Code extends ErrorCodeOf<P>> = Static<
  P["errors"][Code]
>;

type Named<Module extends string, Name extends string, Definition> = Definition extends {
  kind: infer Kind extends "query" | "command";
  ownerOnly: infer OwnerOnly extends boolean;
  input: infer Input extends TObject;
  output: infer Output extends TSchema;
  errors: infer Errors extends ErrorSchemas;
}
  ? Procedure<Module, Name, Input, Output, Errors, Kind, OwnerOnly>
  : Definition extends { kind: "event"; payload: infer Payload extends TObject }
    ? EventType<Module, Payload>
    : never;

/** What a module promises to others: procedures and events by name, and nothing else. */
export type Contract<
  Module extends string = string,
  Definitions extends Record<string, Procedure<Module> | EventType<Module>> = Record<
    string,
    Procedure<Module> | EventType<Module>
  >,
> = Definitions & { readonly [moduleName]: Module };

/** The key under which a contract keeps its module's name, out of the way of its definitions. */
export const moduleName: unique symbol = Symbol("module name");

// NoInfer: else a shape without errors takes on the errors of any contract, from where it is used.

/**
 * A question: it changes nothing, so it may be repeated, retried and answered by any replica.
 *
 * With `ownerOnly: true` no replica answers it, only the owner, and its handler may use the
 * module's ports and wait for a saga: a replica has neither.
 */
export function query<
  I extends TObject,
  O extends TSchema,
  E extends ErrorSchemas = {},
  OwnerOnly extends boolean = false,
>(shape: {
  input: I;
  output: O;
  errors?: E;
  ownerOnly?: OwnerOnly;
}): { kind: "query"; ownerOnly: NoInfer<OwnerOnly>; input: I; output: O; errors: NoInfer<E> } {
  // Where one is left out, its type is its default: false, and the empty object.
  const { ownerOnly = false as OwnerOnly, errors = {} as E, ...rest } = shape;
  return { kind: "query", ownerOnly, ...rest, errors };
}

/**
 * An order to do something. It must be safe to repeat; its docstring says how.
 *
 * An answer that was stored for a key is given as today's output declares it. So a property that is
 * added to an output stays optional until the answers from before have expired: one that does not
 * fit is a ContractError, although the command was done.
 */
export function command<I extends TObject, O extends TSchema, E extends ErrorSchemas = {}>(shape: {
  input: I;
  output: O;
  errors?: E;
}): { kind: "command"; ownerOnly: true; input: I; output: O; errors: NoInfer<E> } {
  // Without errors, E is the empty object that it has as its default.
  return { kind: "command", ownerOnly: true, ...shape, errors: shape.errors ?? ({} as E) };
}

/**
 * Declares an event: a fact that happened, in the past tense. `version` is a whole number from 1
 * on.
 *
 * Consumers take in a producer's events in order. One that a reaction keeps failing on is set aside
 * as a dead letter and tried again later, and `key` decides what happens to those after it. It
 * names a required property of the payload, a text or a whole number, such as `orderId`: all events
 * of the module with the same value of their keys, whatever their names, are taken in in order, so
 * later ones wait behind the dead letter. Events of other keys go on, and so does every event
 * without a key, which may thus be taken in before an earlier one. Give a key where order matters.
 *
 * Throws a TypeError for a key that is no such property, when the contract is made.
 */
export function event<P extends TObject>(
  version: number,
  payload: P,
  options: { readonly key?: Extract<keyof Static<P>, string> } = {},
): { kind: "event"; version: number; payload: P; key?: string } {
  return { kind: "event", version, payload, ...options };
}

/** The definitions under their names, and under that of their module. */
type NamedContract<Module extends string, D extends Record<string, Unnamed>> = {
  readonly [K in keyof D]: Named<Module, K & string, D[K]>;
} & { readonly [moduleName]: Module };

/**
 * Names a module's procedures and events and freezes them.
 *
 * Refuses, with the place in the message, a schema that would not survive JSON, and a name that
 * could not be a folder's, a subject's or a row's, or that is one of the kernel's own.
 */
export function contract<Module extends string, D extends Record<string, Unnamed>>(
  module: Module,
  definitions: D,
): NamedContract<Module, D> {
  assertModuleName(module);
  for (const name of Object.keys(definitions)) assertNoOperation(name, `${module}.${name}`);
  return kernelContract(module, definitions);
}

/** Names the procedures that every module has from the kernel, such as `cleaveSagas`. */
export function kernelContract<Module extends string, D extends Record<string, Unnamed>>(
  module: Module,
  definitions: D,
): NamedContract<Module, D> {
  const named: Record<string | symbol, unknown> = {};
  for (const [name, definition] of Object.entries(definitions)) {
    assertName(name, `${definition.kind === "event" ? "An event" : "A procedure"} of ${module}`);
    assertDefinition(`${module}.${name}`, definition);
    named[name] = Object.freeze({ ...definition, module, name });
  }
  Object.defineProperty(named, moduleName, { value: module });
  // The loop has named every definition of D, as NamedContract does by type.
  return Object.freeze(named) as never;
}

function assertDefinition(where: string, definition: Unnamed): void {
  if (definition.kind === "event") {
    versionNumber(definition.version, `The version of the event ${where}`);
    settleSchema(definition.payload, where);
    return assertKey(definition.payload, definition.key, where);
  }
  settleSchema(definition.input, `${where} input`);
  settleSchema(definition.output, `${where} output`);
  for (const [code, data] of Object.entries(definition.errors)) {
    if (!/^[A-Z][A-Z0-9_]*$/.test(code)) {
      throw new TypeError(`${where} declares the error ${code}. Write it as UPPER_SNAKE.`);
    }
    settleSchema(data, `${where} error ${code}`);
  }
}

function assertKey({ properties, required }: TObject, key: string | undefined, where: string) {
  if (key === undefined) return;
  const isKey = /^(string|integer)$/.test(properties[key]?.["type"]) && required?.includes(key);
  if (isKey) return;
  throw new TypeError(
    `${where} has the key ${key}. Name a required property of its payload that is a text or a ` +
      "whole number, or leave the key out.",
  );
}

/**
 * Tells whether an error is the declared refusal `code` of this procedure, and types its data.
 */
export function isDeclared<P extends Procedure, Code extends ErrorCodeOf<P>>(
  error: unknown,
  procedure: P,
  code: Code,
): error is DomainError & { readonly code: Code; readonly data: ErrorDataOf<P, Code> } {
  return (
    isDomainError(error) &&
    error.code === code &&
    error.procedure === `${procedure.module}.${procedure.name}`
  );
}

/** The queries and commands of a contract. */
export function proceduresOf(contract: Contract): Procedure[] {
  return Object.values(contract).filter((one): one is Procedure => one.kind !== "event");
}

/** `inventory.holdStock`: how a definition is spoken of in messages, subjects and tables. */
export function fullName(one: Procedure | EventType): string {
  return `${one.module}.${one.name}`;
}
