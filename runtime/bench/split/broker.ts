import { openBroker } from "../../host/nats.ts";
import { realEnvironment } from "../../host/real-environment.ts";
import type { Module } from "../../module/define-module.ts";
import { silent } from "../specimen/hosted.ts";

/** A nats-server as a split system has it: with users, permissions and streams. */
export interface BenchBroker extends AsyncDisposable {
  readonly url: string;
}

/** Starts the nats-server of a data folder for these modules. */
export async function benchBroker(
  folder: string,
  modules: readonly Module[],
): Promise<BenchBroker> {
  const environment = realEnvironment();
  const executable = process.env["NATS_SERVER"];
  const broker = openBroker({ modules, folder, executable, environment, log: silent() });
  const run = broker.start();
  const failed = run.ended.then((how) => {
    throw new Error(`nats-server ${how}.`);
  });
  await Promise.race([run.ready, failed]);
  failed.catch(() => {});
  return {
    url: broker.url,
    async [Symbol.asyncDispose]() {
      run.signal("SIGTERM");
      await run.ended;
    },
  };
}
