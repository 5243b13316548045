import type { TSchema } from "@sinclair/typebox";
import { checked } from "../contract/check.ts";
import { fullName, type Procedure } from "../contract/contract.ts";
import { ContractError, DomainError, isDomainError } from "../contract/errors.ts";
import { kernelStatements, type Read, type Write } from "../store/connection.ts";

/**
 * How a kept refusal begins. No JSON does: a version that knows of none fails to read it, and does
 * not give it as an answer.
 */
const REFUSED = "!";

/** What identifies a keyed command: who called which procedure with which key. */
export interface AnswerKey {
  readonly caller: string;
  readonly key: string;
  readonly procedure: string;
}

const statements = kernelStatements((sqlite) => ({
  get: sqlite.prepare<[string, string, string], { requestHash: string; answer: string }>(
    `SELECT request_hash AS requestHash, answer FROM cleave_answer
     WHERE caller = ? AND key = ? AND procedure = ?`,
  ),
  insert: sqlite.prepare<[string, string, string, string, string, number]>(
    "INSERT INTO cleave_answer VALUES (?, ?, ?, ?, ?, ?)",
  ),
}));

/** The stored answer to a keyed command, with the hash of the request that it answered. */
export function storedAnswer(on: Read, { caller, key, procedure }: AnswerKey) {
  return statements(on).get.get(caller, key, procedure);
}

/** Stores a command's answer in the transaction of its effect. */
export function storeAnswer(
  tx: Write,
  { caller, key, procedure }: AnswerKey,
  answered: { readonly requestHash: string; readonly answer: string; readonly atMs: number },
): void {
  const { requestHash, answer, atMs } = answered;
  statements(tx).insert.run(caller, key, procedure, requestHash, answer, atMs);
}

/** An answer, or a refusal, as it is stored. */
export function answerText(answer: unknown): string {
  if (!isDomainError(answer)) return JSON.stringify(answer);
  const { code, data } = answer;
  return `${REFUSED}${JSON.stringify({ code, data })}`;
}

/**
 * The answer of a command from what was stored, as today's contract declares it; throws the
 * refusal when it was one.
 *
 * An answer that was stored under an older contract may not fit: then it throws a ContractError
 * that says so, in every placement, and the command is not run again.
 */
export function answerIn(text: string, procedure: Procedure): unknown {
  const name = fullName(procedure);
  if (!text.startsWith(REFUSED)) {
    return asDeclared(procedure.output, `The answer of ${name}`, JSON.parse(text));
  }
  const { code, data } = JSON.parse(text.slice(REFUSED.length));
  const schema = procedure.errors[code];
  if (schema === undefined) throw outdated(`The answer of ${name} is ${code}, which its contract`);
  throw new DomainError(code, asDeclared(schema, `The data of ${name} ${code}`, data), name);
}

function asDeclared(schema: TSchema, where: string, value: unknown): unknown {
  try {
    return checked(schema, where).copy(value);
  } catch (error) {
    if (!(error instanceof ContractError)) throw error;
    throw outdated(error.message, { cause: error });
  }
}

function outdated(what: string, options?: { cause: unknown }): ContractError {
  const sentence = what.endsWith(".") ? what : `${what} does not declare.`;
  return new ContractError(
    `${sentence} It was stored under an older contract: the command was done, and is not done ` +
      "again under this key. Ask for what it did by a query.",
    options,
  );
}

/**
 * The hash that tells whether two requests are the same. `input` is JSON, or a checked copy; the
 * order of its properties does not matter.
 */
export function hashOf(input: unknown): string {
  return Bun.SHA256.hash(inOrder(input), "base64");
}

/** A text that no other value has: lengths before texts, and properties in the order of names. */
function inOrder(value: unknown): string {
  if (typeof value === "string") return `${value.length}:${value}`;
  if (typeof value !== "object" || value === null) return `${value};`;
  let text = "";
  if (Array.isArray(value)) {
    for (const part of value) text += inOrder(part);
    return `[${text}]`;
  }
  for (const name of Object.keys(value).sort()) {
    // The name is one of its own keys.
    const part: unknown = value[name as keyof typeof value];
    if (part !== undefined) text += inOrder(name) + inOrder(part);
  }
  return `{${text}}`;
}
