import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { cpSync } from "node:fs";
import { system } from "../contract/identity.ts";
import { CALL_DEADLINE_MS } from "../module/caller.ts";
import { manifestOf } from "../module/manifest.ts";
import { Broker } from "../testing/broker.ts";
import { eventually } from "../testing/eventually.ts";
import { shelf } from "../testing/sample/contracts.ts";
import { shelfModule } from "../testing/sample/shelf.ts";
import { silent } from "../testing/silent-log.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { type Instance, startInstance } from "./instance.ts";
import { startMember } from "./member.ts";
import { natsTransport } from "./nats-transport.ts";
import { realEnvironment } from "./real-environment.ts";
import { StartError } from "./start-error.ts";

const modules = [shelfModule];
const environment = realEnvironment();
const topology = { name: "test", instances: ["shelf"] };
let broker: Broker;
let folders: ReturnType<typeof temporaryFolder>[] = [];
let running: Instance[] = [];

beforeAll(async () => {
  broker = await Broker.open(manifestOf(modules));
});
afterAll(() => broker[Symbol.asyncDispose]());
afterEach(async () => {
  for (const one of running) await one.stop();
  for (const one of folders) one[Symbol.dispose]();
  running = [];
  folders = [];
});

/** A data folder with the keys of the system. */
function folderWithKeys(): string {
  const folder = temporaryFolder();
  folders.push(folder);
  cpSync(`${broker.folder}/nats`, `${folder.path}/nats`, {
    recursive: true,
    filter: (path) => !path.includes("jetstream"),
  });
  return folder.path;
}

/** Starts an instance of the shelf over a data folder; `lost` is told when it is to stop. */
async function begin(folder: string, { isMember = false, lost = (_: Error) => {} } = {}) {
  const role = "host" as const;
  const placement = { name: "shelf", modules: ["shelf"], role, index: 0, isMember };
  const needs = { placement, modules, folder, environment, log: silent };
  const transport = await natsTransport({ url: broker.url, topology }, needs);
  const begun = isMember ? startMember : startInstance;
  const instance = await begun({
    modules,
    contracts: modules.map(({ contract }) => contract),
    transport,
    environment,
    log: silent,
    folder,
    publicUrl: "http://shop.test",
    development: true,
    settings: new Map(),
    onLost: lost,
  }).catch(async (error: unknown) => {
    await transport.close();
    throw error;
  });
  running.push(instance);
  return instance;
}

async function end(instance: Instance): Promise<void> {
  running = running.filter((one) => one !== instance);
  await instance.stop();
}

function put({ gateway }: Instance): Promise<unknown> {
  const deadlineAtMs = environment.monotonic() + CALL_DEADLINE_MS;
  const origin = { identity: system, traceId: environment.newTraceId(), deadlineAtMs };
  const input = { thing: "tea", count: 1 };
  return gateway.call(shelf.put, input, { origin, options: {} });
}

const refusalOf = (begun: Promise<unknown>) =>
  begun.then(
    () => undefined,
    (error) => error,
  );

test("an instance over another data folder does not start beside the owner", async () => {
  const first = await begin(folderWithKeys());
  const other = folderWithKeys();
  const refusal = await refusalOf(begin(other));
  expect(refusal).toBeInstanceOf(StartError);
  expect(refusal.message).toContain("shelf is owned by the instance shelf (process");
  for (const { path } of folders) expect(refusal.message).toContain(`data folder ${path}`);
  await put(first);
  await end(first);
  await begin(other);
});

test("an instance over a copy of the data folder does not start beside the owner", async () => {
  const own = folderWithKeys();
  await end(await begin(own));
  const copy = folderWithKeys();
  cpSync(`${own}/shelf.db`, `${copy}/shelf.db`);
  await begin(own);
  const refusal = await refusalOf(begin(copy));
  expect(refusal.message).toContain("a copy of the same database");
});

test("a replica becomes the owner when that one ends", async () => {
  const own = folderWithKeys();
  const first = await begin(own, { isMember: true });
  const second = await begin(own, { isMember: true });
  expect([first.modules.length, second.modules.length]).toEqual([1, 0]);
  await end(first);
  await eventually(
    async () => second.modules.length,
    (count) => count === 1,
  );
  expect(String(await refusalOf(begin(folderWithKeys())))).toContain("shelf is owned by");
});

test("a replica stops when a process over another data folder is the owner", async () => {
  const own = folderWithKeys();
  const first = await begin(own, { isMember: true });
  const lost: Error[] = [];
  const second = await begin(own, { isMember: true, lost: (error) => lost.push(error) });
  const [, refusal] = await Promise.all([end(first), refusalOf(eventuallyBegun())]);
  await eventually(
    async () => [lost.length, second.modules.length, Number(refusal !== undefined)],
    ([stopped, owned, refused]) => stopped === 1 || (owned === 1 && refused === 1),
  );
});

/** Starts an instance over a new data folder, in the moment in which nobody owns the module. */
async function eventuallyBegun(): Promise<void> {
  const other = folderWithKeys();
  await eventually(
    () => begin(other),
    () => true,
    { withinMs: 500, despiteErrors: true },
  );
}
