import { ContractError } from "../contract/errors.ts";

/** Lets a transaction's result through unless it is a promise, which the types refuse as well. */
export function synchronous<T>(result: T, where: string): T {
  if (typeof result === "object" && result !== null && "then" in result) {
    throw new ContractError(
      `A transaction of ${where} returned a promise. Call and await before it, not inside it.`,
    );
  }
  return result;
}
