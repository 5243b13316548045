import { TransportError } from "../contract/errors.ts";

/** Nobody serves the module that was called: the call was certainly not executed. */
export function unreachable(about: {
  readonly caller: string;
  readonly module: string;
  /** What was called, as in `inventory.holdStock`. */
  readonly what: string;
}): TransportError {
  const { caller, module, what } = about;
  return new TransportError(
    "UNREACHABLE",
    "no",
    `${caller} called ${what}, but nobody serves ${module} now. ` +
      "Start an instance that hosts it.",
    { fault: "callee" },
  );
}
