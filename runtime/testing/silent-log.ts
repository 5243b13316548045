import type { Log } from "../telemetry/log.ts";

/** A log that keeps nothing, for what says nothing of interest. */
export const silent: Log = { debug() {}, info() {}, warn() {}, error() {}, with: () => silent };
