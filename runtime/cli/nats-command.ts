import { dataFolder } from "../host/data-folder.ts";
import { realEnvironment } from "../host/real-environment.ts";
import { hostSettings, readSettings } from "../host/settings.ts";
import { insidesOf, moduleNamesOf, type System } from "../host/system.ts";
import { type Command, CommandError } from "./cli.ts";

/** `nats rotate <user>`: gives a NATS user a new key without a stop. */
export function natsRotateCommand(system: System): Command {
  return {
    name: "nats rotate",
    help: "nats rotate <user> [--data-dir ./data]   give a module's NATS user a new key",
    async run([user = "", ...args]) {
      if (user === "" || user.startsWith("--")) {
        throw new CommandError("Name the user whose key is to change: nats rotate orders.");
      }
      const { DATA_DIR } = hostSettings.properties;
      const read = readSettings(
        { host: { ...hostSettings, properties: { DATA_DIR }, required: ["DATA_DIR"] } },
        { environment: process.env, arguments: args },
      );
      if ("mistakes" in read) throw new CommandError(read.mistakes.join("\n"));
      const modules = await insidesOf(system, moduleNamesOf(system));
      const { path: folder } = dataFolder(read.values.host.DATA_DIR);
      const { rotateNatsKey } = await import("../host/nats.ts");
      await rotateNatsKey(user, { modules, folder, environment: realEnvironment() });
      console.log(`The NATS user ${user} has a new key.`);
      return 0;
    },
  };
}
