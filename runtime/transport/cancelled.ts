import { TransportError } from "../contract/errors.ts";

/** The caller gave the call up. */
export function cancelled(what: string, executed: "no" | "unknown"): TransportError {
  const message =
    executed === "no"
      ? `${what} was given up by its caller before it was done; nothing was changed.`
      : `${what} was given up by its caller; whether it ran is unknown.`;
  return new TransportError("CANCELLED", executed, message);
}

/** Settles as `work` does, unless `signal` aborts first: then it rejects with `reason` at once. */
export function unlessAborted<T>(
  work: Promise<T>,
  signal: AbortSignal,
  reason: () => TransportError,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(reason());
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort);
    // One signal may go with many calls: it must not gather what waits for nothing any more.
    const end = () => signal.removeEventListener("abort", abort);
    work.then(
      (value) => {
        end();
        resolve(value);
      },
      (error: unknown) => {
        end();
        reject(error);
      },
    );
  });
}
