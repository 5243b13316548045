import { kernelStatements, type Read, type Write } from "../store/connection.ts";

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

/**
 * The hash that tells whether two requests are the same. `input` is a checked copy: its order is
 * fixed.
 */
export function hashOf(input: unknown): string {
  return Bun.SHA256.hash(JSON.stringify(input), "base64");
}
