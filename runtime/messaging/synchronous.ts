import { ContractError } from "../contract/errors.ts";

/** The prototypes of the functions whose body is not over when they return. */
const unfinished = new Map(
  [async () => {}, function* () {}, async function* () {}].map((one) => [
    Object.getPrototypeOf(one) as object,
    Object.prototype.toString.call(one).slice("[object ".length, -1),
  ]),
);

const REMEDY = "Nothing was changed. Call and await before it, and make it a plain function.";

/**
 * Lets a function through that is to be given a transaction, unless it is written as `async` or
 * `function*`: then it throws a ContractError, before anything of the function has run.
 */
export function synchronousFunction<Work extends (...given: never[]) => unknown>(
  work: Work,
  where: string,
): Work {
  const kind = unfinished.get(Object.getPrototypeOf(work));
  if (kind === undefined) return work;
  throw new ContractError(`${where} is an ${kind}, which outlives its transaction. ${REMEDY}`);
}

/**
 * Lets the result of a function through that was given a transaction, unless it says that the
 * function has not ended: a promise, whatever has a method `then`, or a generator. Data with
 * properties of these names is let through. The types refuse the same.
 *
 * Throws a ContractError, so that the transaction is undone. A promise that rejects later is
 * handled: it must not end the process.
 */
export function synchronous<T>(result: T, where: string): T {
  if (typeof result !== "object" || result === null) return result;
  const what = promised(result);
  if (what === undefined) return result;
  if (result instanceof Promise) result.catch(() => {});
  throw new ContractError(`${where} returned a ${what}, but its transaction ends now. ${REMEDY}`);
}

function promised(result: object): string | undefined {
  if ("then" in result && typeof result.then === "function") return "promise";
  const isGenerator = "next" in result && typeof result.next === "function";
  return isGenerator ? "generator" : undefined;
}
