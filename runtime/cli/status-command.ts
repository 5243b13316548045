import { t } from "../contract/schema.ts";
import { dataFolder } from "../host/data-folder.ts";
import { lookAt } from "../host/look.ts";
import { realEnvironment } from "../host/real-environment.ts";
import { hostSettings } from "../host/settings.ts";
import { moduleNamesOf, type System } from "../host/system.ts";
import type { Command } from "./cli.ts";
import { errorLog, settingsOf } from "./command-settings.ts";
import { statusText } from "./status-table.ts";

const settings = t.Object({
  DATA_DIR: hostSettings.properties.DATA_DIR,
  /** Whether to print everything as JSON, for other programs. */
  JSON: t.Boolean({ default: false }),
});

/** `status`: shows what runs over a data folder. The exit code is 0 when all is well. */
export function statusCommand(system: System): Command {
  return {
    name: "status",
    help: "status [--data-dir ./data] [--json]   show what runs, and what is not well",
    async run(args) {
      const { DATA_DIR, JSON: asJson } = settingsOf(settings, args);
      const { path: folder } = dataFolder(DATA_DIR);
      const modules = moduleNamesOf(system);
      const environment = realEnvironment();
      const log = errorLog(environment);
      const status = await lookAt({ folder, modules, environment, log });
      console.log(asJson ? JSON.stringify(status, undefined, 2) : statusText(status));
      return status.faults.length === 0 ? 0 : 1;
    },
  };
}
