import { command, contract, query } from "../../contract/contract.ts";
import { t } from "../../contract/schema.ts";

const time = t.Object({ ms: t.Integer({ minimum: 0 }) });

/** A module whose event loop a call can block. Each procedure says which instance has run it. */
export const shelf = contract("shelf", {
  /** Answers at once. */
  find: query({ input: t.Object({}), output: t.String() }),
  /** Blocks the event loop for so many real milliseconds, as a long statement does. */
  search: query({ input: time, output: t.String() }),
  /** Blocks the event loop as `search` does. */
  take: command({ input: time, output: t.String() }),
  /** Never answers at the instance `a`, and at once at any other. */
  hold: query({ input: t.Object({}), output: t.String() }),
  /** How often each procedure has begun here. */
  begun: query({ input: t.Object({}), output: t.Record(t.String(), t.Integer()) }),
});
