import { t } from "../contract/schema.ts";
import { dataFolder, typedOver } from "../host/data-folder.ts";
import { realEnvironment } from "../host/real-environment.ts";
import { hostSettings, natsUrlSchema } from "../host/settings.ts";
import { insidesOf, moduleNamesOf, type System } from "../host/system.ts";
import { type Command, CommandError } from "./cli.ts";
import { errorLog, settingsOf } from "./command-settings.ts";

/** `nats rotate <user>`: gives a NATS user a new key without a stop. */
export function natsRotateCommand(system: System): Command {
  return {
    name: "nats rotate",
    help: "nats rotate <user> [--data-dir ./data]   give a module's NATS user a new key",
    async run([user = "", ...args]) {
      if (user === "" || user.startsWith("--")) {
        throw new CommandError("Name the user whose key is to change: nats rotate orders.");
      }
      const { DATA_DIR } = settingsOf(t.Pick(hostSettings, ["DATA_DIR"]), args);
      const modules = await insidesOf(system, moduleNamesOf(system));
      const { path: folder } = dataFolder(DATA_DIR);
      const { rotateNatsKey } = await import("../host/nats.ts");
      const about = { modules, folder, environment: realEnvironment() };
      const { state, url } = await rotateNatsKey(user, about);
      const reload =
        `The nats-server at ${url} is to read ${folder}/nats/accounts.conf anew, as by ` +
        "nats-server --signal reload=<its process id>";
      if (state === "offered") {
        throw new CommandError(
          `The new key of ${user} is made, and the old one is still in use. ${reload}. Then run ` +
            "this again.",
        );
      }
      console.log(`The NATS user ${user} has a new key.`);
      if (state === "adopted") console.log(`${reload}: until then it takes the old one, too.`);
      return 0;
    },
  };
}

/** `nats provision`: makes a nats-server ready that Cleave does not start itself. */
export function natsProvisionCommand(system: System): Command {
  return {
    name: "nats provision",
    help:
      "nats provision --nats nats://… [--data-dir ./data]   make keys, a server's config, and " +
      "the streams on a nats-server of your own",
    async run(args) {
      const { NATS_URL: url, DATA_DIR } = settingsOf(provisionSettings, args);
      const modules = await insidesOf(system, moduleNamesOf(system));
      const folder = dataFolder(DATA_DIR);
      folder.create();
      const environment = realEnvironment();
      const log = errorLog(environment);
      const { provisionNats } = await import("../host/nats-provision.ts");
      await provisionNats(url, modules, { folder: folder.path, environment, log });
      console.log(`The nats-server at ${url} has all streams and consumers. Start the instances:`);
      const words = `start --topology split --instance <name> --nats ${url}`;
      console.log(typedOver(folder.path, words));
      return 0;
    },
  };
}

const provisionSettings = t.Object({
  DATA_DIR: hostSettings.properties.DATA_DIR,
  NATS_URL: natsUrlSchema,
});
