import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { modules as entries } from "../modules/index.ts";
import { brokerUsers } from "../runtime/contract/broker-users.ts";
import { moduleName, proceduresOf } from "../runtime/contract/contract.ts";
import { anonymous } from "../runtime/contract/identity.ts";
import type { Module } from "../runtime/module/define-module.ts";
import { manifestOf } from "../runtime/module/manifest.ts";
import { operationsOf } from "../runtime/module/operations.ts";
import { Broker } from "../runtime/testing/broker.ts";
import { eventually } from "../runtime/testing/eventually.ts";
import { silent } from "../runtime/testing/silent-log.ts";
import type { Manifest } from "../runtime/transport/manifest.ts";
import { Callee } from "../runtime/transport/nats/callee.ts";
import type { Link } from "../runtime/transport/nats/link.ts";
import { callSubject, inboxOf, instanceCallSubject } from "../runtime/transport/nats/subjects.ts";
import { isError, requestHeaders } from "../runtime/transport/nats/wire.ts";

type Outcome = "ran" | "refused by the broker" | "refused by the callee" | "nobody there";

const modules: Module[] = await Promise.all(
  entries.map(async (one): Promise<Module> => (await one.module()).default),
);
const names = modules.map((module) => module.contract[moduleName]);
const users = [...names, ...brokerUsers];
const offered = modules.flatMap(({ contract }) => [
  ...proceduresOf(contract),
  ...proceduresOf(operationsOf(contract[moduleName])),
]);

/** The procedures that a user may run: those that its module names in `uses`. */
function mayRun(user: string, callee: string, procedure: string): boolean {
  const isOperation = procedure.startsWith("cleave");
  if (user === "gateway") return true;
  if (user === "console") return isOperation;
  const uses = modules.find(({ contract }) => contract[moduleName] === user)?.uses ?? [];
  return uses.some((used) => used.module === callee && used.name === procedure);
}

/** A manifest by which each module might run everything of all modules. */
function widened(manifest: Manifest): Manifest {
  const calls = manifest.map(({ name: callee, queries, commands }) => ({
    callee,
    procedures: [...queries, ...commands],
  }));
  return manifest.map((links) => ({ ...links, calls }));
}

const declared = manifestOf(modules);

describe.each([
  ["a broker with the permissions of the manifest", declared, "refused by the broker"],
  ["a broker with wider permissions than the manifest", widened(declared), "refused by the callee"],
] as const)("at %s", (_what, permitted, refusal) => {
  let broker: Broker;
  const links: Link[] = [];

  beforeAll(async () => {
    broker = await Broker.open(permitted);
    for (const module of names) await serveAll(module);
  }, 60_000);
  afterAll(async () => {
    await Promise.all(links.map((link) => link.close()));
    await broker?.[Symbol.asyncDispose]();
  });

  /** Serves all procedures of a module; what they would do is left out. */
  async function serveAll(module: string): Promise<void> {
    const connection = await broker.link(module, silent);
    links.push(connection);
    const { environment } = broker;
    const about = { connection, instance: "one", manifest: declared, environment, log: silent };
    const procedures = offered.filter((one) => one.module === module);
    const traffic = () => ({ inFlight: 0, calls: 0, errors: 0 });
    const offer = { module, procedures, isReader: false, traffic };
    new Callee(about, offer, async ({ kind }) => (kind === "query" ? "{}" : {}));
    await connection.flush();
  }

  /** What becomes of a user's calls of all procedures, by their subjects. */
  async function outcomes(user: string): Promise<ReadonlyMap<string, Outcome>> {
    const link = await broker.link(user, silent);
    links.push(link);
    const found = new Map<string, Outcome>();
    const subjects = offered.flatMap(({ module, name }) => [
      callSubject(module, name, user),
      instanceCallSubject({ module, instance: "one" }, name, user),
    ]);
    link.onRefused((subject) => found.set(subject, "refused by the broker"));
    const inbox = `${inboxOf(user)}.matrix`;
    link.listen(`${inbox}.*`, (msg) => {
      const subject = subjects[Number(msg.subject.split(".").at(-1))] ?? "";
      const isNobody = msg.headers?.code === 503;
      const answered = isError(msg) ? "refused by the callee" : "ran";
      found.set(subject, isNobody ? "nobody there" : answered);
    });
    const request = { identity: anonymous, traceId: "0".repeat(32), key: undefined };
    const about = { caller: user, deadlineAtMs: 0, asText: false };
    const span = { timeoutMs: 60_000, spanId: "0".repeat(16) };
    const headers = requestHeaders({ ...request, ...about }, span);
    for (const [index, subject] of subjects.entries()) {
      link.publish(subject, "{}", { reply: `${inbox}.${index}`, headers });
    }
    await eventually(
      async () => found.size,
      (size) => size === subjects.length,
      { withinMs: 20_000 },
    );
    return found;
  }

  test.each(users)(
    "%s has run what it declares, and nothing else of any module",
    async (user) => {
      const found = await outcomes(user);
      const wrong = offered.flatMap(({ module, name }) =>
        [
          callSubject(module, name, user),
          instanceCallSubject({ module, instance: "one" }, name, user),
        ].flatMap((subject) => {
          const isWide = names.includes(user);
          const refused = isWide ? refusal : "refused by the broker";
          const wanted = mayRun(user, module, name) ? "ran" : refused;
          const outcome = found.get(subject);
          return outcome === wanted ? [] : [`${subject}: ${outcome}, not ${wanted}`];
        }),
      );
      expect(wrong).toEqual([]);
      expect(found.size).toBe(offered.length * 2);
    },
    30_000,
  );

  test("shipping cannot refund, orders cannot set a price, nobody retries a saga", async () => {
    const [shipping, orders] = await Promise.all([outcomes("shipping"), outcomes("orders")]);
    const taken = [
      shipping.get("rpc.payments.refund.shipping"),
      shipping.get("rpc-i.inventory.one.adjustStock.shipping"),
      orders.get("rpc.products.setPrice.orders"),
      orders.get("rpc.payments.cleaveRetrySaga.orders"),
    ];
    expect(taken).toEqual([refusal, refusal, refusal, refusal]);
    expect(shipping.get("rpc.payments.capture.shipping")).toBe("ran");
  }, 30_000);
});
