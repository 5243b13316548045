import { type Command, runCommand } from "../cli/cli.ts";
import { anonymous } from "../contract/identity.ts";
import type { System } from "../host/system.ts";
import { desk, shelf } from "../testing/sample/contracts.ts";
import { deskModule } from "../testing/sample/desk.ts";
import { shelfModule } from "../testing/sample/shelf.ts";
import { throwLater } from "../testing/sample/thrown-later.ts";
import { runSimulate } from "./command.ts";
import { noFaults } from "./no-faults.ts";
import { sample } from "./sample.ts";
import type { Workload } from "./scenario.ts";

// `cleave simulate` for the sample, without faults; the file of kept seeds comes first:
// `sample-command.ts kept-seeds.jsonl simulate --seeds 4 --jobs 2 --workload failing`.

const http = () => Promise.reject(new Error("The sample has no routes."));
const system: System = {
  modules: [
    { contract: shelf, module: async () => ({ default: shelfModule }), http },
    { contract: desk, module: async () => ({ default: deskModule }), http },
  ],
  topologies: { monolith: { all: ["shelf", "desk"] } },
  authenticator: async () => async () => anonymous,
  demo: async () => {},
};

let spins = 0;
/** Goes well in the first seed, which is run twice, and in the next one has no end. */
async function spin() {
  if (spins++ === 0) console.log("It goes well.");
  while (spins > 2);
}

const alone: Workload = { ...sample.workload, clients: 1 };
const workloads = {
  ordering: sample.workload,
  idle: { ...alone, client: async () => {} },
  failing: { ...alone, client: () => Promise.reject(new Error("hm")) },
  telling: { ...alone, client: () => Promise.reject(new Error(`I am ${process.pid}`)) },
  escaping: { ...alone, client: async () => throwLater() },
  spinning: { ...alone, client: spin },
  dying: {
    ...alone,
    async client() {
      console.error("It is out of memory.");
      process.kill(process.pid, "SIGKILL");
    },
  },
} satisfies { readonly [name: string]: Workload };

const [kept = "", ...words] = Bun.argv.slice(2);
const simulated = { workloads, invariants: [], faults: noFaults, kept };
const run = (args: readonly string[]) => runSimulate(system, simulated, args);
const command: Command = { name: "simulate", help: "simulate", helpsItself: true, run };
process.exitCode = await runCommand([command], words);
process.exit();
