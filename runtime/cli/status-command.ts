import { t } from "../contract/schema.ts";
import { dataFolder } from "../host/data-folder.ts";
import { lookAt } from "../host/look.ts";
import { realEnvironment } from "../host/real-environment.ts";
import { sagaRefusals } from "../host/saga-refusals.ts";
import { hostSettings } from "../host/settings.ts";
import { StartError } from "../host/start-error.ts";
import { insidesOf, moduleNamesOf, type System } from "../host/system.ts";
import type { SystemStatus } from "../host/system-status.ts";
import { type Command, CommandError } from "./cli.ts";
import { errorLog, settingsOf } from "./command-settings.ts";
import { statusText } from "./status-table.ts";

const settings = t.Object({
  DATA_DIR: hostSettings.properties.DATA_DIR,
  /** Whether to print everything as JSON, for other programs. */
  JSON: t.Boolean({ default: false }),
});

/**
 * `status`: shows what runs over a data folder, and why modules that do not run would be refused at
 * a start. The exit code is 0 when all is well.
 */
export function statusCommand(system: System): Command {
  return {
    name: "status",
    help: "status [--data-dir ./data] [--json]   show what runs, and what is not well",
    async run(args) {
      const { DATA_DIR, JSON: asJson } = settingsOf(settings, args);
      const { path: folder } = dataFolder(DATA_DIR);
      const status = await statusOf(system, folder);
      if (status.instances.length === 0 && !asJson)
        throw new CommandError(status.faults.join("\n"));
      console.log(asJson ? JSON.stringify(status, undefined, 2) : statusText(status));
      return status.faults.length === 0 ? 0 : 1;
    },
  };
}

/** The status of what runs over a folder; without instances when nothing does. */
async function statusOf(system: System, folder: string): Promise<SystemStatus> {
  const environment = realEnvironment();
  const log = errorLog(environment);
  const modules = moduleNamesOf(system);
  const seen = await lookAt({ folder, modules, environment, log }).catch(nothing);
  const owned = seen.instances.flatMap((one) =>
    one.modules.filter(({ role }) => role === "owner").map(({ name }) => name),
  );
  const resting = modules.filter((name) => !owned.includes(name));
  const refusals = sagaRefusals(await insidesOf(system, resting), { folder, environment });
  return { ...seen, faults: [...seen.faults, ...refusals] };
}

function nothing(error: unknown): SystemStatus {
  if (!(error instanceof StartError)) throw error;
  return {
    topologies: [],
    instances: [],
    missing: [],
    lags: [],
    blocking: [],
    faults: [error.message],
  };
}
