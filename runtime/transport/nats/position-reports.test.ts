import { afterEach, beforeEach, expect, test } from "bun:test";
import { system } from "../../contract/identity.ts";
import { type Instance, startInstance } from "../../host/instance.ts";
import { manifestOf } from "../../module/manifest.ts";
import type { Fields } from "../../telemetry/log.ts";
import { Broker } from "../../testing/broker.ts";
import { eventually } from "../../testing/eventually.ts";
import { shelf } from "../../testing/sample/contracts.ts";
import { deskModule } from "../../testing/sample/desk.ts";
import { shelfModule } from "../../testing/sample/shelf.ts";
import { silent } from "../../testing/silent-log.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import type { Link } from "./link.ts";
import { positionSubject } from "./subjects.ts";

// What a consumer that is broken, or in strange hands, can do to the producer by what it reports.

const modules = [shelfModule, deskModule];
const EVENTS = 1_500;

let broker: Broker;
let shop: Instance;
let desk: Link;
let folder: ReturnType<typeof temporaryFolder>;
let said: unknown[];
beforeEach(async () => {
  broker = await Broker.open(manifestOf(modules));
  folder = temporaryFolder();
  said = [];
  const say = (message: string, fields?: Fields) => void said.push({ message, ...fields });
  shop = await startInstance({
    modules: [shelfModule],
    contracts: modules.map(({ contract }) => contract),
    transport: await broker.connect({ users: ["shelf", "gateway"] }),
    environment: broker.environment,
    log: { ...silent, error: say, warn: say, with: () => ({ ...silent, error: say, warn: say }) },
    folder: folder.path,
    publicUrl: "http://shop.test",
    development: true,
    settings: new Map(),
  });
  desk = await broker.link("desk", silent);
  await call(shelf.put, { thing: "tea", count: 1_000_000 });
  await Promise.all(Array.from({ length: EVENTS }, (_, index) => take(index)));
});
afterEach(async () => {
  await desk.close();
  await shop.stop();
  await broker[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

function call(procedure: Parameters<Instance["gateway"]["call"]>[0], input: unknown, ms = 10_000) {
  const { environment } = broker;
  const deadlineAtMs = environment.monotonic() + ms;
  const origin = { identity: system, traceId: environment.newTraceId(), deadlineAtMs };
  return shop.gateway.call(procedure, input, { origin, options: {} });
}

const take = (index: number, ms?: number) =>
  call(shelf.take, { thing: "tea", taker: `taker-${index}`, count: 1 }, ms);

function report(told: object, reader = "desk"): void {
  const all = { events: ["taken"], position: 0, attached: false, missingBefore: null, idle: false };
  desk.publish(positionSubject("shelf", reader), JSON.stringify({ ...all, ...told }));
}

const stored = () => broker.stored("shelf");

test("a consumer that asks for events again and again costs the producer no command", async () => {
  report({ attached: true });
  await eventually(stored, (count) => count >= EVENTS);
  const before = await stored();
  let isOver = false;
  let sent = 0;
  const flood = async () => {
    for (; !isOver; sent += 50) {
      for (let one = 0; one < 50; one++) {
        report({ missingBefore: 1e12, attached: one % 2 === 0, position: one % 3 });
      }
      await desk.flush();
    }
  };
  const flooding = flood();
  await eventually(
    async () => sent,
    (count) => count >= 2_000,
  );
  const failures: string[] = [];
  for (let one = 0; one < 50; one++) {
    await take(EVENTS + one, 1_000).catch((error: unknown) => failures.push(String(error)));
  }
  isOver = true;
  await flooding;
  expect(failures).toEqual([]);
  // What it lacks is sent again some times, ever more rarely, and not with each report.
  expect((await stored()) - before).toBeLessThan(6 * 1_024);
}, 60_000);

test("a position beyond the producer's events is not believed, nor advised", async () => {
  report({ attached: true, position: Number.MAX_SAFE_INTEGER });
  const told = await eventually(
    async () => said.map((one) => JSON.stringify(one)).filter((one) => one.includes("desk")),
    ({ length }) => length > 0,
  );
  expect(told).toHaveLength(1);
  expect(told[0]).not.toContain(`SET seq = ${Number.MAX_SAFE_INTEGER}`);
  expect(shop.modules[0]?.readers.get("desk")?.position).toBe(EVENTS);
  await take(EVENTS);
  report({ attached: true, position: EVENTS });
  await eventually(stored, (count) => count >= 1);
}, 60_000);

test("reports that make no sense are passed over", async () => {
  const consumers = () => [...(shop.modules[0]?.readers.keys() ?? [])];
  for (const told of [
    { position: -1 },
    { position: 1.5 },
    { position: "3" },
    { events: ["x".repeat(1_000)] },
    { events: Array.from({ length: 5_000 }, (_, index) => `event-${index}`) },
    { events: [{}] },
    { missingBefore: -5 },
    { missingBefore: 2 ** 60 },
    { idle: "yes" },
    { attached: 1 },
  ]) {
    report(told);
  }
  desk.publish(positionSubject("shelf", "desk"), "null");
  desk.publish(positionSubject("shelf", "desk"), "x".repeat(900_000));
  await desk.flush();
  await call(shelf.countOf, { thing: "tea" });
  expect(consumers()).toEqual([]);
  report({ position: 7 });
  await eventually(
    async () => consumers(),
    (names) => names.includes("desk"),
  );
}, 60_000);
