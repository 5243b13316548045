import type { Call } from "../contract/call.ts";
import { type Contract, moduleName } from "../contract/contract.ts";
import type { Environment } from "../contract/environment.ts";
import { isTransportError } from "../contract/errors.ts";
import { operationsOf } from "../module/operations.ts";

/** Milliseconds that one question to a module may take. */
const ASK_MS = 1_000;
/** Milliseconds between two questions to the same module. */
const PAUSE_MS = 100;

/** Resolves when each of the modules has answered a question. It asks for as long as it takes. */
export async function untilAllAnswer(
  contracts: readonly Contract[],
  call: Call<Contract>,
  environment: Pick<Environment, "after">,
): Promise<void> {
  await Promise.all(
    contracts.map(async (contract) => {
      const { cleaveDeadLetters } = operationsOf(contract[moduleName]);
      while (
        !(await answers(() => call(cleaveDeadLetters, { limit: 1 }, { deadlineMs: ASK_MS })))
      ) {
        await new Promise<void>((resolve) => void environment.after(PAUSE_MS, resolve));
      }
    }),
  );
}

async function answers(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask();
    return true;
  } catch (error) {
    if (isTransportError(error)) return false;
    throw error;
  }
}
