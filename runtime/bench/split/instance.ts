// An instance of the benchmark's modules, in a process of its own: over NATS, or all in one.
import { mkdirSync } from "node:fs";
import { fullName, proceduresOf } from "../../contract/contract.ts";
import { system } from "../../contract/identity.ts";
import { startInstance } from "../../host/instance.ts";
import { startMember } from "../../host/member.ts";
import { natsTransport } from "../../host/nats-transport.ts";
import { realEnvironment } from "../../host/real-environment.ts";
import { inProcess } from "../../transport/in-process.ts";
import { silent } from "../specimen/hosted.ts";
import { ledgerModule, pricingWithin } from "../specimen/modules.ts";
import { answering } from "./answering.ts";
import { askingModule, hearingModule, tellingModule } from "./modules.ts";
import { nameOf, type Placed } from "./placed.ts";

/** Asks for a call in the name of the gateway. */
export interface CallQuestion {
  readonly procedure: string;
  readonly input: unknown;
  readonly key?: string;
  readonly deadlineMs?: number;
}

const DEADLINE_MS = 120_000;

const placed: Placed = JSON.parse(process.argv[2] ?? "");
const { name, folder, natsUrl, isMember = false, delayMs = 0 } = placed;
const all = [askingModule, pricingWithin(delayMs), tellingModule, hearingModule, ledgerModule];
const modules = all.filter((one) => placed.modules.includes(nameOf(one)));
const contracts = all.map(({ contract }) => contract);
const procedures = new Map(contracts.flatMap(proceduresOf).map((one) => [fullName(one), one]));
const environment = realEnvironment();
const log = silent();
mkdirSync(folder, { recursive: true });
const role = "edge" as const;
const placement = { name, modules: placed.modules, role, index: 0, isMember };
const topology = { name: "bench", instances: [name] };
const instance = await (isMember ? startMember : startInstance)({
  modules,
  contracts,
  transport:
    natsUrl === undefined
      ? inProcess(environment)
      : await natsTransport(
          { url: natsUrl, topology },
          { placement, modules, folder, environment, log },
        ),
  environment,
  log,
  folder,
  publicUrl: "http://127.0.0.1",
  development: false,
  settings: new Map(),
});

answering(async ({ procedure, input, key, deadlineMs = DEADLINE_MS }: CallQuestion) => {
  const known = procedures.get(procedure);
  if (known === undefined) throw new Error(`There is no ${procedure} in the benchmark.`);
  const deadlineAtMs = environment.monotonic() + deadlineMs;
  const origin = { identity: system, traceId: environment.newTraceId(), deadlineAtMs };
  return instance.gateway.call(known, input, { origin, options: key === undefined ? {} : { key } });
});
