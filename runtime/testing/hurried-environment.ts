import type { Environment } from "../contract/environment.ts";
import { realEnvironment } from "../host/real-environment.ts";

/** The real environment, in which so many times as much time passes. */
export function hurriedEnvironment(times: number): Environment {
  const real = realEnvironment();
  return {
    ...real,
    monotonic: () => real.monotonic() * times,
    after: (delayMs, work) => real.after(delayMs / times, work),
  };
}
