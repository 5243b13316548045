import type { Procedure } from "../contract/contract.ts";
import { system as systemIdentity } from "../contract/identity.ts";
import { askRunning } from "../host/control.ts";
import { dataFolder } from "../host/data-folder.ts";
import { startInstance } from "../host/instance.ts";
import { realEnvironment } from "../host/real-environment.ts";
import { insidesOf, type System } from "../host/system.ts";
import { jsonLog } from "../telemetry/json-log.ts";
import { inProcess } from "../transport/in-process.ts";

const DEADLINE_MS = 30_000;

/**
 * Calls a procedure for the command line: in the process that runs over the data folder, or, when
 * none does, in this one with only the procedure's module at work. A folder that is named and
 * missing is refused: it may be misspelt.
 */
export async function ask(
  system: System,
  folder: string,
  { procedure, input }: { readonly procedure: Procedure; readonly input: unknown },
): Promise<unknown> {
  const place = dataFolder(folder);
  const asked = { module: procedure.module, procedure: procedure.name, input };
  const reply = await askRunning(place.path, asked);
  if (reply !== undefined) return reply.output;
  place.assertThere();
  place.create();
  const environment = realEnvironment();
  const instance = await startInstance({
    modules: await insidesOf(system, [procedure.module]),
    contracts: system.modules.map((one) => one.contract),
    transport: inProcess(environment),
    environment,
    log: jsonLog({
      level: "error",
      sink: (lines) => void process.stderr.write(lines),
      now: environment.now,
    }),
    folder: place.path,
    publicUrl: "http://127.0.0.1",
    development: true,
    settings: new Map(),
  });
  const deadlineAtMs = environment.monotonic() + DEADLINE_MS;
  const traceId = environment.newTraceId();
  const origin = { identity: systemIdentity, traceId, deadlineAtMs };
  try {
    return await instance.gateway.call(procedure, input, { origin });
  } finally {
    await instance.stop();
  }
}
