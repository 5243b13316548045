import { expect, test } from "bun:test";
import { contract, query } from "../contract/contract.ts";
import { system } from "../contract/identity.ts";
import { t } from "../contract/schema.ts";
import { defineModule } from "../module/define-module.ts";
import { handler } from "../module/handler.ts";
import { port } from "../module/port.ts";
import { silent } from "../testing/silent-log.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { inProcess } from "../transport/in-process.ts";
import { startInstance } from "./instance.ts";
import { realEnvironment } from "./real-environment.ts";
import { reportsAlone } from "./report-alone.ts";

const bell = contract("bell", {
  ring: query({ ownerOnly: true, input: t.Object({}), output: t.Object({}) }),
});
const rope = port("bell.rope", {
  settings: t.Object({}),
  open: (_settings, world) => world.guard(() => true),
});
const bellModule = defineModule({
  contract: bell,
  migrations: [],
  ports: [rope],
  handlers: {
    ring: handler(bell.ring, async (_input, { port }) => {
      await port(rope)(() => Promise.reject(new Error("The rope is torn.")));
      return {};
    }),
  },
});

/** Its name begins like that of the bell, whose port is none of its own. */
const be = contract("be", { here: query({ input: t.Object({}), output: t.Object({}) }) });
const beModule = defineModule({
  contract: be,
  migrations: [],
  handlers: { here: handler(be.here, () => ({})) },
});

test("a circuit before what a port reaches is seen by those who look at the system", async () => {
  using folder = temporaryFolder();
  const environment = realEnvironment();
  const instance = await startInstance({
    modules: [bellModule, beModule],
    contracts: [bell, be],
    transport: inProcess(environment),
    environment,
    log: silent,
    folder: folder.path,
    publicUrl: "http://shop.test",
    development: true,
    settings: new Map(),
  });
  const deadlineAtMs = environment.monotonic() + 10_000;
  const origin = { identity: system, traceId: environment.newTraceId(), deadlineAtMs };
  for (let times = 0; times < 5; times++) {
    await instance.gateway.call(bell.ring, {}, { origin }).catch(() => {});
  }
  const role = "edge" as const;
  const placement = { name: "all", modules: ["bell", "be"], role, index: 0, isMember: false };
  const about = { placement, state: "up", startedAtMs: 0, upMs: 0 } as const;
  const reports = reportsAlone(instance.modules, about);
  const circuit = { module: "bell", instance: "bell.rope", kind: "port", state: "open" };
  expect(reports.flatMap(({ circuits }) => circuits)).toMatchObject([circuit]);
  await instance.stop();
});
