import { users } from "#modules/users";
import { loadAuthenticator, modules } from "../modules/index.ts";
import { type Command, runCommand } from "../runtime/cli/cli.ts";
import { natsProvisionCommand, natsRotateCommand } from "../runtime/cli/nats-command.ts";
import { startCommand } from "../runtime/cli/start-command.ts";
import { statusCommand } from "../runtime/cli/status-command.ts";
import type { System } from "../runtime/host/system.ts";
import { demo } from "./demo.ts";
import { pictureCommand } from "./picture.ts";
import core from "./topologies/core.ts";
import edgeHeavy from "./topologies/edge-heavy.ts";
import monolith from "./topologies/monolith.ts";
import split from "./topologies/split.ts";
import { userCreateCommand } from "./user-create.ts";

/** What this repository runs: its modules, with what the runtime cannot know of them. */
const system: System = {
  modules,
  topologies: { monolith, split, core, "edge-heavy": edgeHeavy },
  async authenticator(call, now) {
    const { authenticator } = await loadAuthenticator();
    return authenticator({ tokenKeys: () => call(users.tokenKeys, {}), now });
  },
  demo,
};

/** Loaded when it is asked for: the product needs nothing of it. */
const simulate: Command = {
  name: "simulate",
  help: "simulate [--seeds 100 | --seed 7]   break all of it under a virtual clock",
  helpsItself: true,
  run: async (args) => (await import("./simulation/command.ts")).simulateShop(system, args),
};

// Everything that is written is for this user only.
process.umask(0o077);
process.exitCode = await runCommand(
  [
    startCommand(system),
    statusCommand(system),
    natsProvisionCommand(system),
    natsRotateCommand(system),
    userCreateCommand(system),
    pictureCommand(system),
    simulate,
  ],
  Bun.argv.slice(2),
);
// A port of a module may hold the event loop open after everything was stopped.
process.exit();
