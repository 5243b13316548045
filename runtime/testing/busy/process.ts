// A shelf in a process of its own; see `spawnShelf`.
import { proceduresOf } from "../../contract/contract.ts";
import { Connection } from "../../transport/nats/connection.ts";
import { authenticatorOf } from "../../transport/nats/keys.ts";
import { openNats } from "../../transport/nats/nats.ts";
import { provisionedManifest } from "../../transport/nats/provisioned-manifest.ts";
import { hurriedEnvironment } from "../hurried-environment.ts";
import { silent } from "../silent-log.ts";
import { shelf } from "./contract.ts";
import type { ShelfOptions } from "./spawn.ts";

const { url, folder, instance, times }: ShelfOptions = JSON.parse(process.argv[2] ?? "");
const environment = hurriedEnvironment(times);
const begun: Record<string, number> = {};

const transport = await openNats({
  connect: (user) => {
    const authenticator = authenticatorOf(folder, user);
    return Connection.open({ url, user, name: instance, authenticator, log: silent });
  },
  instance,
  place: `instance ${instance} in ${folder}`,
  manifest: provisionedManifest(folder),
  here: new Set(),
  users: ["shelf"],
  balance: { callees: () => [], version: "1" },
  environment,
  reminder: environment,
  log: silent,
});
transport.serve(
  {
    module: "shelf",
    procedures: proceduresOf(shelf),
    isReader: false,
    traffic: () => ({ inFlight: 0, calls: 0, errors: 0 }),
  },
  async ({ name }, input, { asText }) => {
    begun[name] = (begun[name] ?? 0) + 1;
    if (name === "hold" && instance === "a") await new Promise(() => {});
    if (name === "search" || name === "take") Bun.sleepSync((input as { ms: number }).ms);
    const output = name === "begun" ? begun : instance;
    return asText ? JSON.stringify(output) : output;
  },
);
process.once("disconnect", () => process.exit(0));
