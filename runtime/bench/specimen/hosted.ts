import type { CallOptions } from "../../contract/call.ts";
import type { InputOf, OutputOf, Procedure } from "../../contract/contract.ts";
import { system } from "../../contract/identity.ts";
import { startInstance } from "../../host/instance.ts";
import { realEnvironment } from "../../host/real-environment.ts";
import type { CallOrigin } from "../../module/caller.ts";
import type { Module } from "../../module/define-module.ts";
import type { Log } from "../../telemetry/log.ts";
import { LoopWatch } from "../../telemetry/loop-watch.ts";
import { inProcess } from "../../transport/in-process.ts";

/** Modules at work in this process, with everything on that production has on. */
export interface Hosted extends AsyncDisposable {
  call<P extends Procedure>(
    procedure: P,
    input: InputOf<P>,
    options?: CallOptions,
  ): Promise<OutputOf<P>>;
}

const DEADLINE_MS = 600_000;

/** Starts modules over databases in `folder`. */
export async function host(modules: readonly Module[], folder: string): Promise<Hosted> {
  const real = realEnvironment();
  const processorMs = () => process.cpuUsage().user / 1_000;
  const watch = new LoopWatch({ environment: real, log: silent(), processorMs });
  const environment = { ...real, monotonic: watch.monotonic };
  const instance = await startInstance({
    modules,
    contracts: modules.map((module) => module.contract),
    transport: inProcess(environment),
    environment,
    watch,
    log: silent(),
    folder,
    publicUrl: "http://127.0.0.1",
    development: false,
    settings: new Map(),
  });
  watch.start();
  return {
    call(procedure, input, options) {
      const deadlineAtMs = environment.monotonic() + DEADLINE_MS;
      const origin: CallOrigin = {
        identity: system,
        traceId: environment.newTraceId(),
        deadlineAtMs,
      };
      return instance.gateway.call(procedure, input, { origin, options }) as never;
    },
    [Symbol.asyncDispose]() {
      watch.stop();
      return instance.stop();
    },
  };
}

/** A log that nobody reads. */
export function silent(): Log {
  const log: Log = { debug() {}, info() {}, warn() {}, error() {}, with: () => log };
  return log;
}
