import { TransportError } from "../contract/errors.ts";

/** The caller gave the call up. */
export function cancelled(what: string, executed: "no" | "unknown"): TransportError {
  const message =
    executed === "no"
      ? `${what} was given up by its caller before it was done; nothing was changed.`
      : `${what} was given up by its caller; whether it ran is unknown.`;
  return new TransportError("CANCELLED", executed, message, { fault: "caller" });
}

/** What waits for each signal. Kept here, since to take a listener back costs as much as a call. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/** What is called when this signal aborts: one listener, however many calls it goes with. */
function waitingFor(signal: AbortSignal): Set<() => void> {
  const known = waiting.get(signal);
  if (known !== undefined) return known;
  const made = new Set<() => void>();
  waiting.set(signal, made);
  const abort = () => {
    for (const one of made) one();
  };
  signal.addEventListener("abort", abort, { once: true });
  return made;
}

/** Settles as `work` does, unless `signal` aborts first: then it rejects with `reason` at once. */
export function unlessAborted<T>(
  work: Promise<T>,
  signal: AbortSignal,
  reason: () => TransportError,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const others = waitingFor(signal);
    const abort = () => reject(reason());
    if (signal.aborted) abort();
    else others.add(abort);
    work.then(
      (value) => {
        others.delete(abort);
        resolve(value);
      },
      (error: unknown) => {
        others.delete(abort);
        reject(error);
      },
    );
  });
}
