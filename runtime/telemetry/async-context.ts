import { AsyncLocalStorage } from "node:async_hooks";

/**
 * Runs `work` without the AsyncLocalStorage context of whoever set it off, as if that had come over
 * a wire: a module that reads its caller's context would work in one process only.
 *
 * The context is the one of the process's start, which is none. It costs a few nanoseconds, and
 * turns nothing on for promises of a process that uses no AsyncLocalStorage.
 */
export const withoutAsyncContext: (work: () => void) => void = AsyncLocalStorage.snapshot();
