import { expect, test } from "bun:test";
import { command, contract, event, query } from "../contract/contract.ts";
import { system } from "../contract/identity.ts";
import { t } from "../contract/schema.ts";
import { startInstance } from "../host/instance.ts";
import { reaction } from "../messaging/reaction.ts";
import { LoopWatch } from "../telemetry/loop-watch.ts";
import { silent } from "../testing/silent-log.ts";
import { turns } from "../testing/stillness.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { virtualEnvironment } from "../testing/virtual-environment.ts";
import { inProcess } from "../transport/in-process.ts";
import { defineModule } from "./define-module.ts";
import { handler } from "./handler.ts";

const nothing = t.Object({});
const shape = { input: nothing, output: nothing };
const shelf = contract("shelf", {
  find: query(shape),
  search: query(shape),
  take: command(shape),
  taken: event(1, nothing),
});
const desk = contract("desk", { look: query(shape) });

/** Two modules whose work takes 800 ms wherever `slow` says so. */
function modules(block: (where: string) => void) {
  const shelfModule = defineModule({
    contract: shelf,
    migrations: [],
    handlers: {
      find: handler(shelf.find, () => {
        block("query");
        return {};
      }),
      search: handler(shelf.search, async () => {
        await turns(2);
        block("continuation");
        return {};
      }),
      take: handler(shelf.take, (_input, { transaction }) =>
        transaction((tx) => {
          block("transaction");
          tx.emit(shelf.taken, {});
          return {};
        }),
      ),
    },
  });
  const deskModule = defineModule({
    contract: desk,
    migrations: [],
    handlers: { look: handler(desk.look, () => ({})) },
    reactions: [reaction(shelf.taken, () => block("reaction"))],
  });
  return [shelfModule, deskModule];
}

test.each([
  ["query", "shelf.find"],
  ["continuation", "shelf.search"],
  ["transaction", "shelf.take"],
  ["reaction", "the reaction of desk to shelf.taken"],
])("what blocks its process is named: %s", async (slow, name) => {
  const virtual = virtualEnvironment();
  let aheadMs = 0;
  const clock = { ...virtual, monotonic: () => virtual.monotonic() + aheadMs };
  const watch = new LoopWatch({ environment: clock, log: silent, processorMs: clock.monotonic });
  const environment = { ...clock, monotonic: watch.monotonic };
  const block = (where: string) => {
    if (where === slow) aheadMs += 800;
  };
  using folder = temporaryFolder();
  const instance = await startInstance({
    modules: modules(block),
    contracts: [shelf, desk],
    transport: inProcess(environment),
    environment,
    watch,
    log: silent,
    folder: folder.path,
    publicUrl: "http://shop.test",
    development: true,
    settings: new Map(),
  });
  watch.start();
  const origin = { identity: system, traceId: environment.newTraceId() };
  for (const procedure of [shelf.find, shelf.search, shelf.take, desk.look]) {
    const deadlineAtMs = environment.monotonic() + 60_000;
    await instance.gateway.call(procedure, {}, { origin: { ...origin, deadlineAtMs } });
  }
  await turns(20);
  virtual.moveTo(virtual.now() + 100);
  const told = instance.modules.flatMap(({ blocking }) => blocking);
  expect(told).toMatchObject([{ what: name, count: 1 }]);
  await instance.stop();
});
